import { SIZE, VM_IOCTL } from './ioctls.js';
import type { KvmSystem } from './kvm-system.js';
import type { KvmVm } from './kvm-vm.js';

/** IA32_TSC_DEADLINE: the timer is our APIC's, so its register is not the kernel's. */
export const MSR_TSC_DEADLINE = 0x6e0;

const CAP_USER_SPACE_MSR = 188;
/** KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER (api.rst, 7.21). */
const EXIT_FOR_UNKNOWN_AND_FILTERED = 6;
/** KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE. */
const READ_WRITE = 3;

/** Makes accesses to registers that belong to the machine exit instead of being the kernel's. */
export function enableMsrExits(system: KvmSystem, vm: KvmVm): void {
  if (!system.capability('userSpaceMsr') || !system.capability('msrFilter')) return;
  const { memory } = vm;
  const { view, argument, address } = memory;
  memory.clear(SIZE.enableCap);
  view.setUint32(argument, CAP_USER_SPACE_MSR, true);
  view.setBigUint64(argument + 8, BigInt(EXIT_FOR_UNKNOWN_AND_FILTERED), true);
  vm.call('KVM_ENABLE_CAP', VM_IOCTL.enableCap, address);
  // Default allow; one range of one register whose bitmap denies it, which here means an exit.
  const bitmap = argument + SIZE.msrFilter;
  memory.clear(SIZE.msrFilter + 8);
  view.setUint32(argument + 8, READ_WRITE, true);
  view.setUint32(argument + 12, 1, true);
  view.setUint32(argument + 16, MSR_TSC_DEADLINE, true);
  view.setBigUint64(argument + 24, BigInt(memory.base + bitmap), true);
  vm.call('KVM_X86_SET_MSR_FILTER', VM_IOCTL.setMsrFilter, address);
}
