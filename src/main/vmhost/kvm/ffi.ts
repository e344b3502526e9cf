import { createRequire } from 'node:module';
import { KvmError } from '../../vmm/cpu/kvm/kvm-error.js';

/** A C library, as far as this needs it. */
export interface CLibrary {
  func(prototype: string): (...values: never[]) => number;
}

/** What of koffi is used here; it is an optional dependency, absent where no prebuilt binary fits the host. */
interface Ffi {
  load(library: string): CLibrary;
  errno(): number;
  address(pointer: unknown): bigint;
}

/** @throws KvmError where there is none */
export function loadFfi(): Ffi {
  if (process.platform !== 'linux') {
    throw new KvmError('kvm-missing', `KVM is part of Linux, and this host runs ${process.platform}`);
  }
  try {
    return createRequire(import.meta.url)('koffi') as Ffi;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new KvmError(
      'kvm-binding',
      `the foreign-function library koffi cannot be loaded: ${reason}`,
      'install the optional dependencies of this product (npm install --include=optional)',
    );
  }
}
