import type { KvmProbe } from '../../../shared/engine/kvm-probe.js';
import { examineKvm, isNative } from '../../vmm/cpu/kvm/calibration.js';
import { KvmError } from '../../vmm/cpu/kvm/kvm-error.js';
import { KvmSystem } from '../../vmm/cpu/kvm/kvm-system.js';
import { libcKernel } from '../kvm/libc-kernel.js';

/** Opens this host's KVM and measures it. */
export function probeKvm(): KvmProbe {
  try {
    const system = new KvmSystem(libcKernel());
    const start = performance.now();
    const { mips, lacks, unsteady } = examineKvm(system, () => performance.now());
    const milliseconds = performance.now() - start;
    system.close();
    return { usable: true, native: isNative(mips), mips, milliseconds, lacks: [...lacks], unsteady: [...unsteady] };
  } catch (error) {
    if (error instanceof KvmError) return { usable: false, message: error.message, advice: error.advice ?? null };
    return { usable: false, message: error instanceof Error ? error.message : String(error), advice: null };
  }
}
