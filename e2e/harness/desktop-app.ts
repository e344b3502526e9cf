import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Browser, type Page } from 'playwright-core';

const START_MS = 60_000;

/** Electron's runtime, where its installer could download it. */
function electronRuntime(): string | undefined {
  const pathFile = path.resolve('node_modules/electron/path.txt');
  if (!existsSync(pathFile)) return undefined;
  const binary = path.resolve('node_modules/electron/dist', readFileSync(pathFile, 'utf8').trim());
  return existsSync(binary) ? binary : undefined;
}

/** What the desktop bundles run under on this machine. */
export const desktopRuntime = electronRuntime() === undefined ? 'the stand-in for Electron' : 'Electron';

/** The built desktop application, in Electron if its runtime is here, else in the stand-in. */
export class DesktopApp {
  private constructor(
    readonly page: Page,
    readonly home: string,
    private readonly process: ChildProcess,
    private readonly browser: Browser,
  ) {}

  /** @param home state to start from, to start the same application again @param answers to native dialogs, in order */
  static async start(home?: string, answers: readonly object[] = []): Promise<DesktopApp> {
    const folder = home ?? (await mkdtemp(path.join(tmpdir(), 'annex-desktop-')));
    const endpointFile = path.join(folder, 'endpoint');
    await rm(endpointFile, { force: true });
    const child = launch(folder, endpointFile, answers);
    const browser = await chromium.connectOverCDP(await readEndpoint(endpointFile, child));
    return new DesktopApp(await appPage(browser), folder, child, browser);
  }

  /** Starts the application a second time on the same home; resolves with its exit code. */
  async startAgain(): Promise<number | null> {
    const second = launch(this.home, path.join(this.home, 'endpoint-2'), []);
    return new Promise((resolve) => second.once('exit', resolve));
  }

  /** Sends the application a signal; the stand-in takes some for events of the computer. */
  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** The window that is open now, after the first one was closed. */
  currentPage(): Promise<Page> {
    return appPage(this.browser);
  }

  /** Resolves when the application has ended by itself. */
  ended(): Promise<number | null> {
    if (this.process.exitCode !== null) return Promise.resolve(this.process.exitCode);
    return new Promise((resolve) => this.process.once('exit', resolve));
  }

  async stop(): Promise<void> {
    await this.browser.close().catch(() => undefined);
    if (this.process.exitCode === null) {
      this.process.kill('SIGTERM');
      await this.ended();
    }
    await rm(this.home, { recursive: true, force: true });
  }
}

function launch(home: string, endpointFile: string, answers: readonly object[]): ChildProcess {
  const environment = {
    ...process.env,
    ANNEX_LIBRARY: path.join(home, 'library'),
    ANNEX_STANDIN_HOME: home,
    ANNEX_STANDIN_ENDPOINT: endpointFile,
    ANNEX_STANDIN_ANSWERS: JSON.stringify(answers),
  };
  const electron = electronRuntime();
  const [command, args] =
    electron === undefined
      ? [process.execPath, ['--import', './e2e/electron-standin/register.mjs', 'out/main/index.js']]
      : [electron, ['--remote-debugging-port=0', `--user-data-dir=${home}`, 'out/main/index.js']];
  const child = spawn(command, args, { env: environment, stdio: ['ignore', 'inherit', 'pipe'] });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text);
    // Chromium's own announcement; the stand-in writes the file itself.
    const match = /DevTools listening on (ws:\S+)/.exec(text);
    if (match) writeFileSync(endpointFile, match[1]!);
  });
  return child;
}

async function readEndpoint(file: string, child: ChildProcess): Promise<string> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    // The file is there before what is written to it.
    const endpoint = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (endpoint !== '') return endpoint;
    await sleep(100);
  }
  throw new Error(`the application did not come up (exit code ${child.exitCode})`);
}

async function appPage(browser: Browser): Promise<Page> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    const pages = browser.contexts().flatMap((context) => context.pages());
    const page = pages.find((candidate) => /^(app:|https:\/\/annex\.test)/.test(candidate.url()));
    if (page) return page;
    await sleep(100);
  }
  throw new Error('the application showed no window');
}
