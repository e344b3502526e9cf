import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { VcpuFactory } from '../../src/main/vmm/machine/machine-ports.js';
import { probeKvm } from '../../src/main/vmhost/engine/probe-kvm.js';
import { createEagerVcpu, createTestVcpu } from '../../src/testing/interpreter.js';
import { createKvmVcpu } from '../../src/testing/kvm.js';

export interface EngineUnderTest {
  readonly name: string;
  readonly create: VcpuFactory;
  /** Why it cannot run on this host. */
  readonly missing: string | undefined;
  /** What the kernel's instruction emulator gets wrong, by case, where that runs the guest and not the processor. */
  readonly known: Readonly<Record<string, string>>;
}

/** Where the emulator's differences are kept; written by the run that writes docs/traps.md. */
export const EMULATOR_DIFFERENCES = new URL('kvm-emulator.json', import.meta.url);

const kvm = probeKvm();

/** Whether KVM stands on an instruction emulator here: its faults are then the kernel's, not ours. */
export const kvmIsEmulated = kvm.usable && !kvm.native;

/** What is on record of the emulator: what a case saw, by group and case. */
export function emulatorDifferences(): Record<string, string> {
  return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(EMULATOR_DIFFERENCES, 'utf8')));
}

/** Every engine the suite runs on. */
export const ENGINES: readonly EngineUnderTest[] = [
  { name: 'interpreter', create: createTestVcpu, missing: undefined, known: {} },
  { name: 'translator', create: createEagerVcpu, missing: undefined, known: {} },
  {
    name: 'kvm',
    create: createKvmVcpu,
    missing: kvm.usable ? undefined : kvm.message,
    known: kvmIsEmulated ? emulatorDifferences() : {},
  },
];
