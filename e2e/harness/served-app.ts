import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser } from './browser.js';

const START_MS = 60_000;

export interface ServedAppOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly locale?: string;
  readonly colorScheme?: 'light' | 'dark';
}

/** The product as a person meets it in served mode: `annex serve` on a library of its own, and a page in Chromium. */
export class ServedApp {
  private constructor(
    readonly library: string,
    readonly url: string,
    readonly page: Page,
    private readonly server: ChildProcess,
    private readonly browser: Browser,
    private readonly context: BrowserContext,
  ) {}

  static async start(options: ServedAppOptions = {}): Promise<ServedApp> {
    const library = await mkdtemp(path.join(tmpdir(), 'annex-e2e-'));
    const server = spawn(process.execPath, ['bin/annex.js', 'serve', '--json', '--library', library], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await readUrl(server);
    const browser = await launchBrowser();
    const { viewport = { width: 1440, height: 900 }, locale = 'en-US', colorScheme = 'dark' } = options;
    const context = await browser.newContext({ viewport, locale, colorScheme });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(url).origin });
    const page = await context.newPage();
    await page.goto(url);
    return new ServedApp(library, url, page, server, browser, context);
  }

  /** Opens the app in another page of the same browser, as a second tab. */
  async newPage(): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(this.url);
    return page;
  }

  async stop(): Promise<void> {
    await this.browser.close();
    const gone = new Promise((resolve) => this.server.once('exit', resolve));
    this.server.kill('SIGTERM');
    await gone;
    await rm(this.library, { recursive: true, force: true });
  }
}

/** The address `annex serve --json` prints, a JSON object on its own. */
function readUrl(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => reject(new Error(`annex serve said nothing: ${output}`)), START_MS);
    server.stdout!.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const match = /"url":\s*"([^"]+)"/.exec(output);
      if (!match) return;
      clearTimeout(timer);
      resolve(match[1]!);
    });
    server.once('exit', (code) => reject(new Error(`annex serve ended with ${code}: ${output}`)));
  });
}
