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
    expect(open).toThrow(expect.objectContaining({ code: 'kvm-missing' }));
  });

  it('names the capabilities a kernel lacks', () => {
    const kernel = answering(3, (_fd, request) => (request === 0xae00 ? 12 : 0));
    expect(() => new KvmSystem(kernel)).toThrow(expect.objectContaining({ code: 'kvm-capability' }));
    expect(() => new KvmSystem(kernel)).toThrow('readonlyMemory');
  });
});
