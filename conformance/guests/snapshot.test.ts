import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
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
  test('goes on in a new process from where it was saved, and runs on unharmed meanwhile', async () => {
    const config = await linux();
    const first = await start({ config });
    await first.waitFor('@@READY', BOOT_SECONDS);
    await first.command('X=before; (i=0; while :; do i=$((i+1)); echo $i >/tmp/n; done) & echo started', 'started\r\n');
    const { point, saved } = await first.snapshot(file('one'));
    expect(point.base).toBeNull();
    expect(saved.fileBytes).toBe(statSync(file('one')).size);
    expect(saved.savedBytes + saved.zeroBytes).toBe(256 << 20);
    await first.command('X=after; echo $X', 'after');
    const { point: second, saved: incremental } = await first.snapshot(file('two'));
    expect(second.base).toBe(file('one'));
    expect(incremental.baseBytes).toBeGreaterThan(200 << 20);
    await first.command('seq 1 20000 | md5sum', 'e071f707df7bbeee2a6a1eb48011ddd0');
    first.kill();

    const back = await start({ config, restoreFrom: { path: file('one'), bases: [] } });
    await back.command('echo X=$X', 'X=before');
    const counted = async (): Promise<number> =>
      Number(
        /N=(\d+)/.exec(await back.command('sleep 1; until read N </tmp/n; do :; done; echo N=$N', /N=\d+\r\n/))![1],
      );
    expect(await counted()).toBeLessThan(await counted());
    await back.command('seq 1 20000 | md5sum', 'e071f707df7bbeee2a6a1eb48011ddd0');
    await back.command('dmesg | grep -ciE "BUG:|Oops|call trace|clocksource: timekeeping|unstable"', /^0\s*$/m);
    back.kill();

    const later = await start({ config, restoreFrom: { path: file('two'), bases: [file('one')] } });
    await later.command('echo X=$X', 'X=after');
    await later.call({ name: 'suspend', path: file('three'), incremental: true, thumbnailWidth: 320 });
    await later.whenEnded();
    expect(later.outcome).toBe('suspended');

    const last = await start({ config, restoreFrom: { path: file('three'), bases: [file('one'), file('two')] } });
    await last.command('echo X=$X', 'X=after');
    last.type('poweroff -f\n');
    await last.whenEnded();
    expect(last.outcome).toBe('power-off');
    expect(readdirSync(folder).filter((name) => name.includes('.partial'))).toEqual([]);
  });
});
