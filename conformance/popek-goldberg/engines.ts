import type { VcpuFactory } from '../../src/main/vmm/machine/machine-ports.js';
import { createTestVcpu } from '../../src/testing/interpreter.js';
import { createKvmVcpu, kvmMissing } from '../../src/testing/kvm.js';

export interface EngineUnderTest {
  readonly name: string;
  readonly create: VcpuFactory;
  /** Why it cannot run on this host. */
  readonly missing: string | undefined;
}

/** Every engine the suite runs on. */
export const ENGINES: readonly EngineUnderTest[] = [
  { name: 'interpreter', create: createTestVcpu, missing: undefined },
  { name: 'kvm', create: createKvmVcpu, missing: kvmMissing() },
];
