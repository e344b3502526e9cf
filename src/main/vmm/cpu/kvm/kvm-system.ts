import { API_VERSION, CAPABILITY, SYSTEM_IOCTL } from './ioctls.js';
import type { KvmKernel } from './kernel-port.js';
import { callError, KvmError, notKvmError, openError } from './kvm-error.js';

/** What the engine cannot do without. */
const REQUIRED = [
  'userMemory', 'setTssAddress', 'readonlyMemory', 'immediateExit', 'vcpuEvents', 'debugRegs', 'xsave',
  'xcrs', 'mpState', 'userNmi',
] as const satisfies readonly (keyof typeof CAPABILITY)[]; // prettier-ignore

/** /dev/kvm, opened and checked. */
export class KvmSystem {
  /** @throws KvmError if there is no KVM here that the engine can use */
  constructor(readonly kernel: KvmKernel) {
    this.descriptor = kernel.open('/dev/kvm');
    if (this.descriptor < 0) throw openError(-this.descriptor);
    try {
      this.check();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  readonly descriptor: number;

  /** Bytes of the pages shared with a vCPU. */
  get runBytes(): number {
    return this.call('KVM_GET_VCPU_MMAP_SIZE', SYSTEM_IOCTL.getVcpuMmapSize, 0);
  }

  /** How much of a capability there is; 0 is none. */
  capability(name: keyof typeof CAPABILITY): number {
    return Math.max(0, this.kernel.ioctl(this.descriptor, SYSTEM_IOCTL.checkExtension, CAPABILITY[name]));
  }

  /** @returns the new VM's descriptor */
  createVm(): number {
    return this.call('KVM_CREATE_VM', SYSTEM_IOCTL.createVm, 0);
  }

  /** A call on the system descriptor. @throws KvmError */
  call(name: string, request: number, argument: number): number {
    const result = this.kernel.ioctl(this.descriptor, request, argument);
    if (result < 0) throw callError(name, -result);
    return result;
  }

  close(): void {
    this.kernel.close(this.descriptor);
  }

  private check(): void {
    const version = this.kernel.ioctl(this.descriptor, SYSTEM_IOCTL.getApiVersion, 0);
    if (version < 0) throw notKvmError(-version);
    if (version !== API_VERSION) throw new KvmError('kvm-version', `KVM speaks version ${version} of its interface`);
    const missing = REQUIRED.filter((name) => this.capability(name) === 0);
    if (missing.length > 0) {
      throw new KvmError(
        'kvm-capability',
        `this host's KVM lacks ${missing.join(', ')}`,
        'update the kernel: everything needed is in Linux 4.19 and later',
      );
    }
  }
}
