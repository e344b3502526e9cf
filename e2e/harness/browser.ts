import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export const chromiumPath = CANDIDATES.find((file) => existsSync(file));

/** Why there is no browser to test in, or `undefined` if there is one: the reason a skipped test gives. */
export const browserMissing = chromiumPath === undefined ? 'Chromium is not on this machine' : undefined;

/** Flags that keep Chromium from talking to anyone but us. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath!, args: FLAGS });
}
