import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const START_TIMEOUT_MS = 20_000;

/**
 * Chromium showing one page, observed only through the page's title. Test drivers are no use for measuring a WebSocket:
 * they have the browser copy every message to them.
 */
export class PlainBrowser {
  private readonly profile = mkdtempSync(path.join(tmpdir(), 'annex-browser-'));
  private readonly child: ChildProcess;
  private readonly debugPort: Promise<string>;

  constructor(url: string) {
    this.child = spawn(
      'chromium',
      [
        ...['--headless=new', '--no-sandbox', '--window-size=1280,900', '--remote-debugging-port=0'],
        ...[`--user-data-dir=${this.profile}`, url],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
    );
    this.debugPort = new Promise((resolve, reject) => {
      let text = '';
      this.child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const port = /DevTools listening on ws:\/\/[^:]+:(\d+)/.exec(text)?.[1];
        if (port) resolve(port);
      });
      this.child.once('error', reject);
      setTimeout(() => reject(new Error(`Chromium does not start: ${text}`)), START_TIMEOUT_MS).unref();
    });
  }

  /** Title of the page. */
  async title(): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${await this.debugPort}/json/list`);
    const pages = (await answer.json()) as { type: string; title: string }[];
    return pages.find((page) => page.type === 'page')?.title ?? '';
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('close', resolve));
    process.kill(-this.child.pid!, 'SIGKILL');
    await gone;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
