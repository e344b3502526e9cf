import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { CHROMIUM_FLAGS, chromiumPath } from '../harness/chromium-flags.mjs';

let browser;

/** One browser for all windows. Its address goes to `ANNEX_STANDIN_ENDPOINT`, so that a test can drive the same pages. */
export async function connectedBrowser() {
  browser ??= await launch();
  return browser;
}

async function launch() {
  const profile = mkdtempSync(path.join(tmpdir(), 'annex-chromium-'));
  const child = spawn(
    chromiumPath,
    ['--headless', ...CHROMIUM_FLAGS, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  process.on('exit', () => child.kill('SIGKILL'));
  const endpoint = await new Promise((resolve, reject) => {
    let seen = '';
    child.stderr.on('data', (chunk) => {
      seen += chunk;
      const match = /DevTools listening on (ws:\S+)/.exec(seen);
      if (match) resolve(match[1]);
    });
    child.on('exit', () => reject(new Error(`Chromium ended: ${seen}`)));
  });
  if (process.env.ANNEX_STANDIN_ENDPOINT) writeFileSync(process.env.ANNEX_STANDIN_ENDPOINT, endpoint);
  return chromium.connectOverCDP(endpoint);
}
