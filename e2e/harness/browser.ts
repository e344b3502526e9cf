import { chromium, type Browser } from 'playwright-core';
import { CHROMIUM_FLAGS, chromiumPath } from './chromium-flags.mjs';

/** Why there is no browser to test in, or `undefined` if there is one: the reason a skipped test gives. */
export const browserMissing = chromiumPath === undefined ? 'Chromium is not on this machine' : undefined;

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath!, args: CHROMIUM_FLAGS });
}
