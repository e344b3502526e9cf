import { ipcMain, shell, type BrowserWindow, type IpcMainEvent } from 'electron';
import { BRIDGE } from '../../shared/contract/bridge.js';
import { isTrustedSender } from './window-guards.js';

/** Title-bar buttons and links of the page. */
export function connectWindowControls(window: BrowserWindow): void {
  const onAction = (event: IpcMainEvent, action: unknown): void => {
    if (!isTrustedSender(event)) return;
    if (action === 'minimize') window.minimize();
    else if (action === 'close') window.close();
    else if (action === 'toggle-maximize') toggleMaximize(window);
  };
  const onLink = (event: IpcMainEvent, url: unknown): void => {
    if (isTrustedSender(event) && typeof url === 'string' && /^https:\/\//.test(url)) void shell.openExternal(url);
  };
  ipcMain.on(BRIDGE.window, onAction);
  ipcMain.on(BRIDGE.openExternal, onLink);
  window.on('closed', () => {
    ipcMain.off(BRIDGE.window, onAction);
    ipcMain.off(BRIDGE.openExternal, onLink);
  });
}

function toggleMaximize(window: BrowserWindow): void {
  if (window.isMaximized()) window.unmaximize();
  else window.maximize();
}
