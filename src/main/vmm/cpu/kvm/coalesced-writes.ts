import type { AccessSize } from '../../bus/access.js';
import { PAGE_SIZE } from '../../memory/layout.js';
import type { VcpuBus } from '../engine.js';
import { SIZE, VM_IOCTL } from './ioctls.js';
import type { KvmSystem } from './kvm-system.js';
import type { KvmVcpu, KvmVm } from './kvm-vm.js';

/** A stretch of ports or of memory whose writes may wait for the next exit: nothing is read back from there, or reading exits. */
export interface CoalescedZone {
  readonly space: 'port' | 'memory';
  readonly address: number;
  readonly bytes: number;
}

/** struct kvm_coalesced_mmio_ring: two indices, then entries as many as a page holds. */
const FIRST = 0;
const LAST = 4;
const ENTRIES = 8;
const ENTRY_BYTES = 24;
const ENTRY = { address: 0, length: 8, isPort: 12, data: 16 } as const;
const CAPACITY = Math.floor((PAGE_SIZE - ENTRIES) / ENTRY_BYTES);

/**
 * Writes of the guest's that the kernel keeps in a ring instead of leaving for each (api.rst, 4.116). They are made up for
 * at the next exit, before it is served, so that a device sees all in the guest's order.
 */
export class CoalescedWrites {
  /** From the start of the memory's view, or -1 where the kernel has no ring. */
  private readonly ring: number;

  constructor(
    system: KvmSystem,
    private readonly vm: KvmVm,
    private readonly vcpu: KvmVcpu,
  ) {
    const page = system.capability('coalescedMmio');
    this.ring = page === 0 || system.capability('coalescedPorts') === 0 ? -1 : vcpu.run.offset + page * PAGE_SIZE;
  }

  /** @throws KvmError */
  add({ space, address, bytes }: CoalescedZone): void {
    if (this.ring < 0) return;
    const { view, argument, address: at } = this.vm.memory;
    this.vm.memory.clear(SIZE.coalescedZone);
    view.setBigUint64(argument, BigInt(address), true);
    view.setUint32(argument + 8, bytes, true);
    view.setUint32(argument + 12, space === 'port' ? 1 : 0, true);
    this.vm.call('KVM_REGISTER_COALESCED_MMIO', VM_IOCTL.registerCoalesced, at);
  }

  /** Hands what has been kept to the board. @returns how many writes */
  drain(bus: Pick<VcpuBus, 'portWrite' | 'mmioWrite'>): number {
    if (this.ring < 0) return 0;
    const { view } = this.vcpu.memory;
    let count = 0;
    for (
      let first = view.getUint32(this.ring + FIRST, true);
      first !== view.getUint32(this.ring + LAST, true) && count < CAPACITY;
      count++
    ) {
      this.deliver(view, this.ring + ENTRIES + first * ENTRY_BYTES, bus);
      first = (first + 1) % CAPACITY;
      view.setUint32(this.ring + FIRST, first, true);
    }
    return count;
  }

  private deliver(view: DataView, entry: number, bus: Pick<VcpuBus, 'portWrite' | 'mmioWrite'>): void {
    const address = view.getUint32(entry + ENTRY.address, true);
    const length = view.getUint32(entry + ENTRY.length, true);
    const isPort = view.getUint32(entry + ENTRY.isPort, true) !== 0;
    for (let done = 0; done < length;) {
      const size: AccessSize = length - done >= 4 ? 4 : length - done >= 2 ? 2 : 1;
      const at = entry + ENTRY.data + done;
      const value = size === 4 ? view.getUint32(at, true) : size === 2 ? view.getUint16(at, true) : view.getUint8(at);
      if (isPort) bus.portWrite(address + done, value, size);
      else bus.mmioWrite(address + done, value, size);
      done += size;
    }
  }
}
