import { describe, expect, it } from 'vitest';
import { ERRNO, type KvmKernel } from './kernel-port.js';
import { KvmSystem } from './kvm-system.js';

const answering = (open: number, ioctl: KvmKernel['ioctl']): KvmKernel => ({
  open: () => open,
  close: () => undefined,
  ioctl,
  mapFixed: () => 0,
  addressOf: () => 0,
  createEvent: () => 0,
  signalEvent: () => undefined,
  takeEvent: () => 0,
  createAlarm: () => ({ maskInside: new Uint8Array(8), arm() {}, acknowledge() {}, close() {} }),
});

describe('opening KVM', () => {
  it('says what to do where the device may not be opened', () => {
    const open = () => new KvmSystem(answering(-ERRNO.EACCES, () => 0));
    expect(open).toThrow(expect.objectContaining({ code: 'kvm-permission', advice: expect.stringContaining('group') }));
  });

  it('says that there is none', () => {
    const open = () => new KvmSystem(answering(-ERRNO.ENOENT, () => 0));
    expect(open).toThrow(
      expect.objectContaining({
        code: 'kvm-missing',
        advice: expect.stringMatching(/nested virtualization.*kvm_intel/),
      }),
    );
  });

  it('says so if the module is there and the processor lends nothing to it, as in a VM without nesting', () => {
    const open = () => new KvmSystem(answering(-ERRNO.ENODEV, () => 0));
    expect(open).toThrow(expect.objectContaining({ code: 'kvm-missing', advice: expect.stringContaining('nested') }));
    expect(open).toThrow('no virtualization behind /dev/kvm');
  });

  it('names the other hypervisor that may hold the processor', () => {
    const open = () => new KvmSystem(answering(-ERRNO.EBUSY, () => 0));
    expect(open).toThrow(
      expect.objectContaining({ code: 'kvm-missing', advice: expect.stringContaining('other hypervisor') }),
    );
  });

  it('tells something else in the place of the device', () => {
    const open = () => new KvmSystem(answering(3, () => -25));
    expect(open).toThrow(expect.objectContaining({ code: 'kvm-missing', message: expect.stringContaining('not KVM') }));
  });

  it('names the call that failed and how', () => {
    const kernel = answering(3, (_fd, request) => (request === 0xae00 ? 12 : request === 0xae01 ? -ERRNO.ENOMEM : 1));
    const create = () => new KvmSystem(kernel).createVm();
    expect(create).toThrow(expect.objectContaining({ code: 'kvm-call', message: 'KVM_CREATE_VM failed: ENOMEM' }));
  });

  it('refuses another version of the interface', () => {
    const open = () => new KvmSystem(answering(3, () => 11));
    expect(open).toThrow(expect.objectContaining({ code: 'kvm-version' }));
  });

  it('names the capabilities a kernel lacks', () => {
    const kernel = answering(3, (_fd, request) => (request === 0xae00 ? 12 : 0));
    expect(() => new KvmSystem(kernel)).toThrow(expect.objectContaining({ code: 'kvm-capability' }));
    expect(() => new KvmSystem(kernel)).toThrow('readonlyMemory');
  });
});
