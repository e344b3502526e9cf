import type { KvmObstacle, KvmProbe } from '../../../shared/engine/kvm-probe.js';
import { examineKvm, isNative } from '../../vmm/cpu/kvm/calibration.js';
import { KvmError, type KvmErrorCode } from '../../vmm/cpu/kvm/kvm-error.js';
import { KvmSystem } from '../../vmm/cpu/kvm/kvm-system.js';
import { libcKernel } from '../kvm/libc-kernel.js';
import { joinGroup } from './device-group.js';

const OBSTACLES: Readonly<Record<KvmErrorCode, KvmObstacle>> = {
  'kvm-missing': 'kvm-missing',
  'kvm-permission': 'kvm-permission',
  'kvm-capability': 'kvm-unsupported',
  'kvm-version': 'kvm-unsupported',
  'kvm-features': 'kvm-unsupported',
  'kvm-binding': 'kvm-failed',
  'kvm-call': 'kvm-failed',
};

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
    if (!(error instanceof KvmError))
      return {
        usable: false,
        code: 'kvm-failed',
        message: error instanceof Error ? error.message : String(error),
        advice: null,
      };
    const { code, message, advice = null } = error;
    return { usable: false, code: OBSTACLES[code], message, advice: code === 'kvm-permission' ? joinGroup() : advice };
  }
}
