import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { debianKernel, debianMissing } from '../../src/testing/debian-packages.js';
import { busyboxInitramfs } from '../../src/testing/initramfs.js';
import { LiveMachine, type LiveMachineOptions } from '../../src/testing/live-machine.js';

const BOOT_SECONDS = 240;
/** Lines of `seq` that are summed up again and again. */
const LINES = 2000;
const CHECKSUM = 'ea4d0a24dabcaa11f9aa979b872d162b';
const MORE_SECONDS = 120;

let folder: string;
let machine: LiveMachine | undefined;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'annex-engine-'))));
afterEach(() => {
  machine?.kill();
  rmSync(folder, { recursive: true, force: true });
});

const file = (name: string): string => path.join(folder, `${name}.state`);

async function config(): Promise<LiveMachineOptions['config']> {
  const kernel = await debianKernel('linux-image-cloud-amd64');
  const initrd = await busyboxInitramfs('amd64');
  return { memoryMiB: 256, kernel: { path: kernel, initrd, commandLine: 'console=ttyS0 panic=-1' } };
}

describe.skipIf(debianMissing())('Linux computing a checksum (skipped where apt is missing)', () => {
  test('is suspended under one software engine and goes on under the other, and back', async () => {
    const options = { folder, config: await config() };
    machine = await LiveMachine.start({ ...options, engine: 'interpreter' });
    await machine.waitFor('@@READY', BOOT_SECONDS);
    // What it says when a sum is wrong, and how many were right so far.
    const loop = `(i=0; while :; do s=$(seq 1 ${LINES} | md5sum); [ "$s" = "${CHECKSUM}  -" ] || echo WR''ONG; i=$((i+1)); echo $i >/tmp/n; done) & echo started`;
    await machine.command(loop, 'started\r\n');
    /** Waits for more right sums than that. */
    const sums = async (before: number): Promise<number> => {
      const line = `N=; until read N </tmp/n && [ "$N" -gt ${before} ]; do sleep 1; done; echo N=$N`;
      const answer = await machine!.command(line, /N=\d+\r\n/, MORE_SECONDS);
      return Number(/N=(\d+)\r/.exec(answer)![1]);
    };
    let output = '';
    let before = await sums(0);
    const bases: string[] = [];
    for (const engine of ['translator', 'interpreter', 'translator'] as const) {
      const state = file(`${bases.length}`);
      await machine.call({ name: 'suspend', path: state, incremental: true, thumbnailWidth: 320 });
      await machine.whenEnded();
      expect(machine.outcome).toBe('suspended');
      output += machine.output;
      machine = await LiveMachine.start({ ...options, engine, restoreFrom: { path: state, bases: [...bases] } });
      bases.push(state);
      before = await sums(before);
    }
    await machine.command('dmesg | grep -ciE "BUG:|Oops|call trace|unstable"', /^0\s*$/m);
    expect(output + machine.output).not.toContain('WRONG');
  });
});
