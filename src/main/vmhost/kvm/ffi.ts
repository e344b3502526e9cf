import { KvmError } from '../../vmm/cpu/kvm/kvm-error.js';
import { loadKoffi, type Ffi } from '../native/koffi.js';

/** @throws KvmError where there is none */
export function loadFfi(): Ffi {
  if (process.platform !== 'linux') {
    throw new KvmError('kvm-missing', `KVM is part of Linux, and this host runs ${process.platform}`);
  }
  try {
    return loadKoffi();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new KvmError(
      'kvm-binding',
      `the foreign-function library koffi cannot be loaded: ${reason}`,
      'install the optional dependencies of this product (npm install --include=optional)',
    );
  }
}
