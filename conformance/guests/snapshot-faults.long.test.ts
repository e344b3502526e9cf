import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { debianKernel, debianMissing } from '../../src/testing/debian-packages.js';
import { busyboxInitramfs } from '../../src/testing/initramfs.js';
import { LiveMachine } from '../../src/testing/live-machine.js';

const BOOT_SECONDS = 240;

let folder: string;
let machines: LiveMachine[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'annex-snapshot-'));
  machines = [];
});
afterEach(() => {
  machines.forEach((machine) => machine.kill());
  rmSync(folder, { recursive: true, force: true });
});

async function linux(): Promise<Parameters<typeof LiveMachine.start>[0]['config']> {
  const kernel = await debianKernel('linux-image-cloud-amd64');
  const initrd = await busyboxInitramfs('amd64');
  return { memoryMiB: 256, kernel: { path: kernel, initrd, commandLine: 'console=ttyS0 panic=-1' } };
}

async function start(options: Omit<Parameters<typeof LiveMachine.start>[0], 'folder'>): Promise<LiveMachine> {
  const machine = await LiveMachine.start({ folder, ...options });
  machines.push(machine);
  return machine;
}

const file = (name: string): string => path.join(folder, `${name}.state`);

describe.skipIf(debianMissing())('a running Linux guest (skipped where apt is missing)', () => {
  test('runs on when it cannot be saved, and can be saved afterwards', async () => {
    const machine = await start({ config: await linux() });
    await machine.waitFor('@@READY', BOOT_SECONDS);
    await expect(machine.snapshot(path.join(folder, 'missing', 'x.state'))).rejects.toThrow(/x\.state/);
    const order = { name: 'take-snapshot', path: file('given-up'), incremental: true, heads: {} } as const;
    await machine.command('dd if=/dev/urandom of=/tmp/noise bs=1M count=60 2>/dev/null; echo noisy=1', 'noisy=1\r\n');
    await machine.call({ ...order, thumbnailWidth: 320 });
    await machine.call({ name: 'cancel-snapshot' });
    await expect(machine.saved(file('given-up'))).rejects.toThrow(/cancelled/);
    expect(readdirSync(folder).filter((name) => name.includes('given-up'))).toEqual([]);
    await machine.command('seq 1 20000 | md5sum', 'e071f707df7bbeee2a6a1eb48011ddd0');
    const { point, saved } = await machine.snapshot(file('kept'));
    expect(point.base).toBeNull();
    expect(saved.savedBytes).toBeGreaterThan(60 << 20);
  });

  test('finds its clocks right after a suspension, and refuses a state that is damaged', async () => {
    const config = await linux();
    const machine = await start({ config });
    await machine.waitFor('@@READY', BOOT_SECONDS);
    await machine.call({ name: 'suspend', path: file('asleep'), incremental: true, thumbnailWidth: 320 });
    await machine.whenEnded();

    const back = await start({ config, restoreFrom: { path: file('asleep'), bases: [] } });
    const told = await back.command(
      'echo RTC=$(cat /sys/class/rtc/rtc0/since_epoch) UP=$(cut -d. -f1 /proc/uptime)',
      /UP=\d+\r\n/,
    );
    expect(Math.abs(Number(/RTC=(\d+)/.exec(told)![1]) - Date.now() / 1000)).toBeLessThan(3);
    await back.command('sleep 1; dmesg | grep -ciE "BUG:|Oops|call trace|stall|unstable"', /^0\s*$/m);
    back.kill();

    const bytes = readFileSync(file('asleep'));
    writeFileSync(file('short'), bytes.subarray(0, bytes.length - 100));
    await expect(start({ config, restoreFrom: { path: file('short'), bases: [] } })).rejects.toMatchObject({
      code: 'state-damaged',
    });
    await expect(
      start({ config: { ...config, memoryMiB: 128 }, restoreFrom: { path: file('asleep'), bases: [] } }),
    ).rejects.toMatchObject({ code: 'state-mismatch' });
    bytes.fill(0x5a, 4096, bytes.length - 300_000);
    writeFileSync(file('rotten'), bytes);
    const rotten = await LiveMachine.start({ folder, config, restoreFrom: { path: file('rotten'), bases: [] } }).catch(
      () => undefined,
    );
    if (rotten) await rotten.whenEnded();
    expect(rotten?.outcome ?? 'failed').toBe('failed');
  });
});
