import { ArgumentMemory } from '../main/vmm/cpu/kvm/argument-memory.js';
import { KvmEngine } from '../main/vmm/cpu/kvm/kvm-engine.js';
import { KvmSystem } from '../main/vmm/cpu/kvm/kvm-system.js';
import { libcKernel } from '../main/vmhost/kvm/libc-kernel.js';
import { knownFeatures, type CpuFeature } from '../main/vmm/cpu/cpu-features.js';
import type { VcpuBus } from '../main/vmm/cpu/engine.js';
import type { InterpreterEngine } from '../main/vmm/cpu/interpreter.js';
import { GuestMemory } from '../main/vmm/memory/guest-memory.js';
import type { VcpuFactory } from '../main/vmm/machine/machine-ports.js';
import { createTestVcpu } from './interpreter.js';

let system: KvmSystem | undefined;

/** The processor of tests that run on this host's KVM. @throws KvmError where there is none */
export const createKvmVcpu: VcpuFactory = (memory, bus) => {
  system ??= new KvmSystem(libcKernel());
  const base = system.kernel.addressOf(memory.wasm.buffer);
  const createInterpreter = (): InterpreterEngine => createTestVcpu(memory, bus);
  return new KvmEngine({ system, memory, bus, arguments: new ArgumentMemory(memory, base), createInterpreter });
};

/** A board with nothing on it. */
export const SILENT_BUS: VcpuBus = {
  portRead: () => 0,
  portWrite: () => undefined,
  mmioRead: () => 0,
  mmioWrite: () => undefined,
  acknowledgeInterrupt: () => -1,
  readTaskPriority: () => 0,
  writeTaskPriority: () => undefined,
  readMsr: () => undefined,
  writeMsr: () => false,
  setFloatingPointError: () => false,
  nowNs: () => 0,
  deadlineNs: () => Infinity,
};

/** Features a guest must not know of to move to this host's KVM. @throws KvmError where there is none */
export function kvmLacks(): CpuFeature[] {
  const engine = createKvmVcpu(new GuestMemory(1 << 20, 1 << 20), SILENT_BUS);
  const { withheldFeatures } = engine.saveState();
  engine.close();
  return knownFeatures(withheldFeatures!);
}

/** Why tests cannot run on KVM here. */
export function kvmMissing(): string | undefined {
  try {
    system ??= new KvmSystem(libcKernel());
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
