import { ipcMain, shell, type BrowserWindow, type IpcMainInvokeEvent } from 'electron';
import { BRIDGE, type BridgeAnswer } from '../../shared/contract/bridge.js';
import { AnnexError, toWireError } from '../../shared/contract/errors.js';
import type { Host } from '../host/host.js';
import { PortBroker } from './port-broker.js';
import { isTrustedSender } from './window-guards.js';

/** Carries the contract between one window and the host. Nothing but the top frame of our own page is listened to. */
export function connectBridge(window: BrowserWindow, host: Host): void {
  const channels = new PortBroker(host, window.webContents);

  async function answer(event: IpcMainInvokeEvent, name: unknown, payload: unknown): Promise<BridgeAnswer> {
    try {
      if (!isTrustedSender(event)) throw new AnnexError('unauthorized', 'This page may not control machines.');
      if (typeof name !== 'string') throw new AnnexError('bad-request', 'A command has a name.');
      return { ok: true, reply: await host.request(name, payload, channels) };
    } catch (error) {
      return { ok: false, error: toWireError(error) };
    }
  }

  async function showFolder(event: IpcMainInvokeEvent, id: unknown): Promise<void> {
    if (isTrustedSender(event)) shell.showItemInFolder((await host.command('machine.get', { id: String(id) })).path);
  }

  const stopEvents = host.onEvent((hostEvent) => {
    if (!window.isDestroyed()) window.webContents.send(BRIDGE.event, hostEvent);
  });
  ipcMain.handle(BRIDGE.request, answer);
  ipcMain.handle(BRIDGE.showFolder, showFolder);
  window.on('closed', () => {
    stopEvents();
    ipcMain.removeHandler(BRIDGE.request);
    ipcMain.removeHandler(BRIDGE.showFolder);
  });
}
