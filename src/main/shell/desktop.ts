import { app, type BrowserWindow } from 'electron';
import path from 'node:path';
import type { CloseAnswer } from '../../shared/contract/desktop.js';
import { setApplicationMenu } from './application-menu.js';
import { registerAppScheme, serveApp } from './app-protocol.js';
import { showBackgroundTray, type BackgroundTray } from './background-tray.js';
import { guardClosing } from './close-guard.js';
import type { HostPort } from './host-port.js';
import { IpcBridge } from './ipc-bridge.js';
import { createMainWindow } from './main-window.js';
import { connectWindowControls } from './window-controls.js';
import { guardSession } from './window-guards.js';

export interface DesktopOptions {
  /** Folders of the built renderer, the preload bundle and the icons. */
  readonly rendererRoot: string;
  readonly preload: string;
  readonly icon: string;
  /** Starts the host; called once the app is ready. */
  createHost(): Promise<HostPort>;
}

/** Runs the desktop application: one instance, one window, one host. */
export async function startDesktop(options: DesktopOptions): Promise<void> {
  if (!app.requestSingleInstanceLock()) return app.quit();
  registerAppScheme();
  await app.whenReady();
  setApplicationMenu();
  serveApp(options.rendererRoot);
  guardSession();
  const desktop = new Desktop(options, await options.createHost());
  app.on('second-instance', () => desktop.open());
  app.on('activate', () => desktop.open());
  app.on('window-all-closed', () => desktop.windowClosed());
  desktop.open();
}

class Desktop {
  private window: BrowserWindow | undefined;
  private tray: BackgroundTray | undefined;
  private inBackground = false;

  constructor(
    private readonly options: DesktopOptions,
    private readonly host: HostPort,
  ) {}

  /** Shows the window, or makes it anew after machines ran in the background. */
  open(): void {
    this.tray?.remove();
    this.tray = undefined;
    this.inBackground = false;
    if (this.window) return focus(this.window);
    const { preload, icon } = this.options;
    const window = createMainWindow({ preload, icon, stateFile: path.join(app.getPath('userData'), 'window.json') });
    new IpcBridge(window, this.host);
    connectWindowControls(window);
    guardClosing(window, this.host, (answer) => this.leave(answer));
    window.on('closed', () => (this.window = undefined));
    this.window = window;
  }

  windowClosed(): void {
    if (!this.inBackground) app.quit();
  }

  private async leave(answer: CloseAnswer): Promise<void> {
    if (answer !== 'background') return this.host.close({ keepMachines: false });
    this.inBackground = true;
    this.tray = showBackgroundTray(this.options.icon, {
      open: () => this.open(),
      quit: () => {
        this.open();
        this.window?.close();
      },
    });
  }
}

function focus(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}
