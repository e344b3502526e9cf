import { ERRNO } from './kernel-port.js';

/** Why KVM cannot be used, or stopped working. Stable: messages and translations hang on it. */
export type KvmErrorCode =
  /** There is no /dev/kvm: not Linux, module not loaded, or virtualization off in the firmware or the outer host. */
  | 'kvm-missing'
  /** /dev/kvm may not be opened by this user. */
  | 'kvm-permission'
  /** Something the engine cannot do without is not offered. */
  | 'kvm-capability'
  /** The kernel speaks another version of the interface. */
  | 'kvm-version'
  /** The guest counts on processor features that this host's KVM does not offer. */
  | 'kvm-features'
  /** The FFI library that makes kernel calls cannot be loaded. */
  | 'kvm-binding'
  /** A call failed that should not. */
  | 'kvm-call';

/** A failure of the KVM interface with what a person can do about it. */
export class KvmError extends Error {
  override readonly name = 'KvmError';

  constructor(
    readonly code: KvmErrorCode,
    message: string,
    /** One sentence of advice, if there is any to give. */
    readonly advice: string | undefined = undefined,
  ) {
    super(message);
  }
}

/** A failed open of /dev/kvm. @param errno positive */
export function openError(errno: number): KvmError {
  if (errno === ERRNO.EACCES || errno === ERRNO.EPERM) {
    return new KvmError(
      'kvm-permission',
      'this user may not open /dev/kvm',
      "add the user to the group that owns /dev/kvm, usually 'kvm' (sudo usermod -aG kvm USER), and log in again",
    );
  }
  if (errno === ERRNO.EBUSY) {
    return new KvmError('kvm-missing', 'another hypervisor holds the processor', 'stop the other hypervisor');
  }
  return new KvmError(
    'kvm-missing',
    errno === ERRNO.ENOENT
      ? 'there is no /dev/kvm on this host'
      : 'there is no virtualization behind /dev/kvm on this host',
    'switch virtualization (VT-x, AMD-V) on in the firmware, or nested virtualization in the outer host, and load the kvm_intel or kvm_amd module',
  );
}

/** A /dev/kvm that does not know KVM's first question. @param errno positive */
export function notKvmError(errno: number): KvmError {
  const { message } = callError('KVM_GET_API_VERSION', errno);
  return new KvmError(
    'kvm-missing',
    `what is at /dev/kvm is not KVM (${message})`,
    'load the kvm_intel or kvm_amd module, and see that nothing else stands in the place of its device',
  );
}

/** A failed call. @param name the call, as the kernel's manual names it @param errno positive */
export function callError(name: string, errno: number): KvmError {
  const known = Object.entries(ERRNO).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
  return new KvmError('kvm-call', `${name} failed: ${known}`);
}

/** A guest that is to go on where some of what it was told of is missing. */
export function featuresError(missed: readonly string[]): KvmError {
  return new KvmError(
    'kvm-features',
    `the guest was told of processor features this host's KVM lacks (${missed.join(', ')})`,
    'go on with a software engine, or start the machine anew with a processor that can move to KVM',
  );
}
