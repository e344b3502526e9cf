import { EngineChooser, kvmProbeProgram } from '../host/engine/engine-chooser.js';
import { app, BrowserWindow, dialog } from 'electron';
import path from 'node:path';
import type { CloseAnswer } from '../../shared/contract/desktop.js';
import { toWireError } from '../../shared/contract/errors.js';
import { Host } from '../host/host.js';
import { ServedHost } from '../server/served-host.js';
import { setApplicationMenu } from './application-menu.js';
import { registerAppScheme, serveApp } from './app-protocol.js';
import { showBackgroundTray, type BackgroundTray } from './background-tray.js';
import { guardClosing } from './close-guard.js';
import { connectBridge } from './ipc-bridge.js';
import { createMainWindow } from './main-window.js';
import { chooseMedia } from './media-chooser.js';
import { suspendWithComputer } from './computer-sleep.js';
import { UtilityProcessStarter } from './utility-process-starter.js';
import { connectWindowControls } from './window-controls.js';
import { guardSession } from './window-guards.js';

export interface DesktopOptions {
  /** Folders of the built renderer, the preload bundle and the icons. */
  readonly rendererRoot: string;
  readonly preload: string;
  readonly icon: string;
  /** The built VM process bundle. */
  readonly vmProcess: string;
  /** The built bundle of disk jobs. */
  readonly diskJob: string;
  /** Program that examines the host's KVM. */
  readonly engineProbe: string;
  readonly libraryPath: string;
}

/** Runs the desktop application: one instance, one window, one host. */
export async function startDesktop(options: DesktopOptions): Promise<void> {
  if (!app.requestSingleInstanceLock()) return app.quit();
  registerAppScheme();
  await app.whenReady();
  setApplicationMenu();
  serveApp(options.rendererRoot);
  guardSession();
  const host = await openHost(options);
  if (!host) return app.quit();
  await letCommandLineIn(host, options);
  suspendWithComputer(host);
  const desktop = new Desktop(options, host);
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
    private readonly host: Host,
  ) {}

  /** Shows the window, or makes it anew after machines ran in the background. */
  open(): void {
    this.tray?.remove();
    this.tray = undefined;
    this.inBackground = false;
    if (this.window) return focus(this.window);
    const { preload, icon } = this.options;
    const window = createMainWindow({ preload, icon, stateFile: path.join(app.getPath('userData'), 'window.json') });
    connectBridge(window, this.host);
    connectWindowControls(window);
    guardClosing(window, this.host, (answer) => this.leave(answer));
    window.on('closed', () => (this.window = undefined));
    this.window = window;
  }

  windowClosed(): void {
    if (!this.inBackground) app.quit();
  }

  /** @returns whether the window may close: not while a machine could not be suspended, as its notice says */
  private async leave(answer: CloseAnswer): Promise<boolean> {
    if (answer === 'suspend') {
      await this.host.suspendAll();
      if (this.host.running.length > 0) return false;
    }
    if (answer !== 'background') {
      await this.host.close();
      return true;
    }
    this.inBackground = true;
    this.tray = showBackgroundTray(this.options.icon, {
      open: () => this.open(),
      quit: () => {
        this.open();
        this.window?.close();
      },
    });
    return true;
  }
}

/** @returns undefined, after saying why, if the library cannot be opened */
async function openHost({ libraryPath, vmProcess, diskJob, engineProbe }: DesktopOptions): Promise<Host | undefined> {
  try {
    return await Host.open({
      libraryPath,
      starter: new UtilityProcessStarter(vmProcess),
      diskJobStarter: new UtilityProcessStarter(diskJob),
      engines: new EngineChooser(kvmProbeProgram(engineProbe)),
      version: app.getVersion(),
      chooser: (kinds) => chooseMedia(BrowserWindow.getFocusedWindow() ?? undefined, kinds),
    });
  } catch (error) {
    dialog.showErrorBox('Annex cannot open its library', toWireError(error).message);
    return undefined;
  }
}

/** The `annex` command works on what this application has open; without that it can still look at the library. */
async function letCommandLineIn(host: Host, { libraryPath, rendererRoot }: DesktopOptions): Promise<void> {
  try {
    const served = await ServedHost.around(host, { libraryPath, rendererFolder: rendererRoot, port: 0 });
    app.on('will-quit', () => void served.close());
  } catch (error) {
    // A background host of the command line has the library too: machines are locked one by one.
    console.warn(toWireError(error).message);
  }
}

function focus(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}
