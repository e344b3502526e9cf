import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AnnexError } from '../../../shared/contract/errors.js';
import { toolMissing } from '../../../testing/debian-packages.js';
import { makeDemoGuest } from './demo-guest.js';

let folder: string;
const savedPath = process.env['PATH'];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'annex-demo-'));
});
afterEach(() => {
  process.env['PATH'] = savedPath;
  rmSync(folder, { recursive: true });
});

/** Puts packages into the cache as if apt had fetched them. */
function cachedPackages(): string {
  const cache = path.join(folder, 'cache');
  mkdirSync(path.join(cache, 'packages/linux-image-cloud-amd64_amd64/boot'), { recursive: true });
  mkdirSync(path.join(cache, 'packages/busybox-static_amd64/bin'), { recursive: true });
  writeFileSync(path.join(cache, 'packages/linux-image-cloud-amd64_amd64/boot/vmlinuz-6.1'), 'kernel bytes');
  const modules = path.join(cache, 'packages/linux-image-cloud-amd64_amd64/lib/modules/6.1/kernel');
  mkdirSync(modules, { recursive: true });
  writeFileSync(path.join(modules, 'button.ko'), 'module bytes');
  writeFileSync(path.join(cache, 'packages/busybox-static_amd64/bin/busybox'), 'busybox bytes');
  return cache;
}

describe.skipIf(toolMissing('apt-get'))('the one-click guest (skipped where apt-get is missing)', () => {
  test('is a kernel and an initial RAM disk that cpio reads', async () => {
    const steps: string[] = [];
    const guest = await makeDemoGuest(path.join(folder, 'guest'), cachedPackages(), (step) => steps.push(step));
    expect(steps).toEqual(['kernel', 'programs', 'image']);
    expect(readFileSync(guest.kernel, 'utf8')).toBe('kernel bytes');
    const archive = gunzipSync(readFileSync(guest.initrd));
    const listing = execFileSync('cpio', ['-it', '--quiet'], { input: archive, encoding: 'utf8' }).split('\n');
    expect(listing).toEqual(expect.arrayContaining(['init', 'bin/busybox', 'dev/console', 'etc/motd', 'modules/0.ko']));
  });

  test('is made once', async () => {
    const cache = cachedPackages();
    const first = await makeDemoGuest(path.join(folder, 'guest'), cache, () => undefined);
    const made = statSync(first.initrd).mtimeMs;
    const steps: string[] = [];
    await makeDemoGuest(path.join(folder, 'guest'), cache, (step) => steps.push(step));
    expect(steps).toEqual([]);
    expect(statSync(first.initrd).mtimeMs).toBe(made);
  });
});

test('a host without apt says what is missing and leaves nothing behind', async () => {
  process.env['PATH'] = folder;
  const made = makeDemoGuest(path.join(folder, 'guest'), path.join(folder, 'cache'), () => undefined);
  await expect(made).rejects.toSatisfy((e) => e instanceof AnnexError && e.code === 'demo-unavailable');
  expect(() => statSync(path.join(folder, 'guest'))).toThrow();
});
