import { beforeAll, describe, expect, it } from 'vitest';
import type { VcpuFactory } from '../../../src/main/vmm/machine/machine-ports.js';
import { debianKernel, debianMissing } from '../../../src/testing/debian-packages.js';
import { busyboxInitramfs, SHELL_INIT } from '../../../src/testing/initramfs.js';
import { createSeededTranslatingVcpu, createSeededVcpu } from '../../../src/testing/interpreter.js';
import { describeDifference } from './describe.js';
import type { LockstepGuest } from './half.js';
import { Lockstep, type Difference } from './lockstep.js';

const UNIT = 20_000;

function run(lockstep: Lockstep, instructions: number): Difference | undefined {
  while (lockstep.instructions < instructions) {
    const difference = lockstep.unit(UNIT);
    if (difference) return difference;
  }
  return undefined;
}

/** Changes RBX once, behind so many runs. */
function faulty(runs: number): VcpuFactory {
  return (memory, bus) => {
    const engine = createSeededVcpu(memory, bus);
    const run = engine.run.bind(engine);
    engine.run = (instructions) => {
      const exit = run(instructions);
      if (--runs === 0) engine.registers.set32('rbx', engine.registers.get32('rbx') ^ 1);
      return exit;
    };
    return engine;
  };
}

const missing = debianMissing();

describe.skipIf(missing !== undefined)('Linux on the interpreter and the translator side by side', () => {
  let guest: LockstepGuest;

  beforeAll(async () => {
    const kernel = await debianKernel('linux-image-cloud-amd64');
    const initrd = await busyboxInitramfs('amd64', SHELL_INIT);
    guest = { kernel, initrd, commandLine: 'console=ttyS0', memoryMiB: 128 };
  }, 120_000);

  it('does the same on both', () => {
    const lockstep = new Lockstep(guest, createSeededVcpu, createSeededTranslatingVcpu);
    const difference = run(lockstep, 25_000_000);
    expect(difference && describeDifference(difference, lockstep.underTest)).toBeUndefined();
    expect(lockstep.counters['regions']).toBeGreaterThan(0);
  }, 60_000);

  it('stops at the first difference and says what it is', () => {
    const lockstep = new Lockstep(guest, createSeededVcpu, faulty(90));
    const difference = run(lockstep, 5_000_000)!;
    expect(difference.unit).toBe(89);
    const text = describeDifference(difference, lockstep.underTest);
    expect(text).toMatch(/general\.rbx: interpreter [0-9a-f]+, under test [0-9a-f]+/);
    expect(text).toMatch(/[0-9a-f]+: (mov|add|sub|push|pop|ret|jmp|j[a-z]+|cmp|test|movzx) /);
  }, 60_000);
});
