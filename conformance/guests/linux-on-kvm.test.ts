import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { probeKvm } from '../../src/main/vmhost/engine/probe-kvm.js';
import { debianKernel, debianMissing } from '../../src/testing/debian-packages.js';
import { busyboxInitramfs } from '../../src/testing/initramfs.js';
import { LiveMachine, type LiveMachineOptions } from '../../src/testing/live-machine.js';
import { Random } from '../../src/testing/random.js';

const SEED = Number(process.env.ANNEX_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** How often it is moved to KVM, and how long it stays, in ms. A kernel does not reach its init so soon. */
const VISITS = 3;
const STAY_MS = 3000;
const BOOT_SECONDS = 240;
const SUM_SECONDS = 120;
/** `seq 1 2000 | md5sum`. */
const CHECKSUM = 'ea4d0a24dabcaa11f9aa979b872d162b';
const SUMS = `(i=0; while :; do s=$(seq 1 2000 | md5sum); [ "$s" = "${CHECKSUM}  -" ] || echo WR''ONG; i=$((i+1)); echo N=$i; done) &`;

const probe = probeKvm();
const missing = probe.usable ? debianMissing() : probe.message;
const emulated = probe.usable && !probe.native ? 'its user code could make no system calls on this KVM' : undefined;
const because = (reason: string | undefined): string => (reason === undefined ? '' : ` (skipped: ${reason})`);

let folder: string;
let machine: LiveMachine | undefined;
let states: string[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'annex-linux-'));
  states = [];
});
afterEach(() => {
  machine?.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function options(): Promise<LiveMachineOptions> {
  const kernel = await debianKernel('linux-image-cloud-amd64');
  const initrd = await busyboxInitramfs('amd64');
  const commandLine = 'console=ttyS0 earlyprintk=ttyS0 panic=-1';
  const withheldFeatures = probe.usable ? [...probe.lacks, ...probe.unsteady] : [];
  return { folder, config: { memoryMiB: 128, kernel: { path: kernel, initrd, commandLine } }, withheldFeatures };
}

/** Suspends the machine and lets it go on under another engine. @returns what it had printed */
async function moveTo(engine: 'translator' | 'kvm', plan: LiveMachineOptions): Promise<string> {
  const state = path.join(folder, `${states.length}.state`);
  const suspended = machine!.call({ name: 'suspend', path: state, incremental: true, thumbnailWidth: 320 });
  await suspended.catch((cause: unknown) => {
    const log = readFileSync(path.join(folder, 'machine.log'), 'utf8').trim().split('\n').slice(-3);
    const said = [...log, machine!.output.slice(-2000)].join('\n');
    throw new Error(`the machine did not live to be moved (${machine!.outcome}): ${said}`, { cause });
  });
  await machine!.whenEnded();
  expect(machine!.outcome).toBe('suspended');
  const { output } = machine!;
  machine = await LiveMachine.start({ ...plan, engine, restoreFrom: { path: state, bases: [...states] } });
  states.push(state);
  return output;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(missing)(`Linux, seed ${SEED}${because(missing)}`, () => {
  test('while its kernel boots, goes to KVM and back several times, and comes up', async () => {
    const random = new Random(SEED);
    const plan = await options();
    machine = await LiveMachine.start({ ...plan, engine: 'translator' });
    await machine.waitFor('Linux version', BOOT_SECONDS);
    let output = '';
    for (let visit = 0; visit < VISITS; visit++) {
      await sleep(random.below(700));
      output += await moveTo('kvm', plan);
      await sleep(STAY_MS);
      const stay = machine;
      output += await moveTo('translator', plan);
      expect(stay.output).not.toContain('Kernel panic');
    }
    await machine.waitFor('@@READY', BOOT_SECONDS);
    await machine.command(`seq 1 2000 | md5sum`, CHECKSUM, SUM_SECONDS);
    await machine.command('dmesg | grep -ciE "BUG:|Oops|call trace"', /^0\s*$/m, SUM_SECONDS);
    expect(output).not.toContain('@@READY');
  }, 600_000);

  test.skipIf(emulated)(
    `computing a checksum, goes to KVM and back${because(emulated)}`,
    async () => {
      const plan = await options();
      machine = await LiveMachine.start({ ...plan, engine: 'translator' });
      await machine.waitFor('@@READY', BOOT_SECONDS);
      machine.type(`${SUMS}\n`);
      let output = '';
      for (const engine of ['kvm', 'translator', 'kvm', 'translator'] as const) {
        await machine.waitFor(/N=\d+\s[^]*N=\d+\s/, SUM_SECONDS);
        output += await moveTo(engine, plan);
      }
      await machine.waitFor(/N=\d+\s[^]*N=\d+\s/, SUM_SECONDS);
      expect(output + machine.output).not.toContain('WRONG');
    },
    600_000,
  );
});
