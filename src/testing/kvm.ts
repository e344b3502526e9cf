import { ArgumentMemory } from '../main/vmm/cpu/kvm/argument-memory.js';
import { KvmEngine } from '../main/vmm/cpu/kvm/kvm-engine.js';
import { KvmSystem } from '../main/vmm/cpu/kvm/kvm-system.js';
import { libcKernel } from '../main/vmhost/kvm/libc-kernel.js';
import type { VcpuFactory } from '../main/vmm/machine/machine-ports.js';

let system: KvmSystem | undefined;

/** The processor of tests that run on this host's KVM. @throws KvmError where there is none */
export const createKvmVcpu: VcpuFactory = (memory, bus) => {
  system ??= new KvmSystem(libcKernel());
  const base = system.kernel.addressOf(memory.wasm.buffer);
  return new KvmEngine({ system, memory, bus, arguments: new ArgumentMemory(memory, base) });
};

/** Why tests cannot run on KVM here. */
export function kvmMissing(): string | undefined {
  try {
    system ??= new KvmSystem(libcKernel());
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
