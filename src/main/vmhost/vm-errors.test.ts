import { describe, expect, it } from 'vitest';
import { KvmError } from '../vmm/cpu/kvm/kvm-error.js';
import { loadFailure } from './vm-errors.js';

describe('a state that cannot be taken over', () => {
  it('is not damaged because KVM refuses it', () => {
    const failure = loadFailure(new KvmError('kvm-call', 'KVM_SET_SREGS failed'));
    expect(failure.code).toBe('engine-unavailable');
    expect(failure.message).toContain('KVM_SET_SREGS failed');
  });

  it('is of another machine if it does not fit, and damaged otherwise', () => {
    expect(loadFailure(new RangeError('no such drive')).code).toBe('state-mismatch');
    expect(loadFailure(new Error('checksum')).code).toBe('state-damaged');
  });
});
