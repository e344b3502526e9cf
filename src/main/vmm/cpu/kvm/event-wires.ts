import { SIZE, VM_IOCTL } from './ioctls.js';
import type { KvmVm } from './kvm-vm.js';

/** A place the guest writes to. */
export interface Bell {
  readonly space: 'port' | 'memory';
  readonly address: number;
  /** Bytes of the write that rings it; others exit as before. */
  readonly size: 1 | 2 | 4;
}

/** struct kvm_ioeventfd. */
const IOEVENTFD = { address: 8, bytes: 16, descriptor: 20, flags: 24 } as const;
const FLAG_PORT = 2;

/**
 * Lets a guest's write to `bell` signal an event in place of an exit, whatever it writes (api.rst, 4.59): how a virtio
 * queue is announced to a thread other than the vCPU's.
 * @param event of `KvmKernel.createEvent`
 * @throws KvmError
 */
export function ringEvent(vm: KvmVm, { space, address, size }: Bell, event: number): void {
  const { view, argument, address: at } = vm.memory;
  vm.memory.clear(SIZE.ioeventfd);
  view.setBigUint64(argument + IOEVENTFD.address, BigInt(address), true);
  view.setUint32(argument + IOEVENTFD.bytes, size, true);
  view.setInt32(argument + IOEVENTFD.descriptor, event, true);
  view.setUint32(argument + IOEVENTFD.flags, space === 'port' ? FLAG_PORT : 0, true);
  vm.call('KVM_IOEVENTFD', VM_IOCTL.assignIoeventfd, at);
}

/**
 * Pulses an input of the kernel's interrupt controllers whenever an event is signalled, by whatever thread (api.rst, 4.75).
 * The VM must have them (KVM_CREATE_IRQCHIP).
 * @throws KvmError
 */
export function interruptOnEvent(vm: KvmVm, event: number, input: number): void {
  const { view, argument, address } = vm.memory;
  vm.memory.clear(SIZE.irqfd);
  view.setInt32(argument, event, true);
  view.setUint32(argument + 4, input, true);
  vm.call('KVM_IRQFD', VM_IOCTL.assignIrqfd, address);
}
