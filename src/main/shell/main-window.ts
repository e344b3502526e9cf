import { BrowserWindow } from 'electron';
import { APP_ORIGIN } from './app-protocol.js';
import { guardContents } from './window-guards.js';
import { keepWindowState, loadWindowState, MIN_HEIGHT, MIN_WIDTH } from './window-state.js';
import { BRIDGE } from '../../shared/contract/bridge.js';

export interface MainWindowOptions {
  readonly preload: string;
  /** Where position and size are kept. */
  readonly stateFile: string;
  readonly icon: string;
}

/** The application's window: the page draws the title bar, so the frame is hidden. Shown once it has something to show. */
export function createMainWindow({ preload, stateFile, icon }: MainWindowOptions): BrowserWindow {
  const state = loadWindowState(stateFile);
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    ...state?.bounds,
    minWidth: MIN_WIDTH,
    minHeight: MIN_HEIGHT,
    show: false,
    backgroundColor: '#1c1f25',
    icon,
    frame: process.platform === 'darwin',
    titleBarStyle: process.platform === 'darwin' ? 'hiddenInset' : 'default',
    webPreferences: { preload, sandbox: true, contextIsolation: true, nodeIntegration: false, spellcheck: false },
  });
  if (state?.maximized) window.maximize();
  keepWindowState(window, stateFile);
  guardContents(window.webContents);
  const tellMaximized = (): void => window.webContents.send(BRIDGE.maximized, window.isMaximized());
  window.on('maximize', tellMaximized);
  window.on('unmaximize', tellMaximized);
  window.once('ready-to-show', () => window.show());
  void window.loadURL(`${APP_ORIGIN}/`);
  return window;
}
