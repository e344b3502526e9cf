import { PAGE_MAP_OFFSET, PAGE_MAP_SIZE, PAGE_MASK, PAGE_READ, PAGE_SIZE, PAGE_WRITE } from '../../memory/layout.js';
import type { GuestMemory } from '../../memory/guest-memory.js';
import type { KvmVm, MemorySlot } from './kvm-vm.js';
import { REGION_LOG_DIRTY, REGION_READONLY } from './structs.js';

/** Bit 20 of a page number's address: what the A20 gate masks. */
const A20_PAGE = 0x100;
/** The gate is of use to real mode alone: above this, odd megabytes are not made to mirror even ones. */
const A20_PAGES = 0x1000;

/**
 * Guest-physical memory as KVM's memory slots: one for each run of pages that lie one behind the other in the machine's
 * memory. A page that is not there is an MMIO exit; a write to a read-only one as well.
 */
export class MemorySlots {
  private readonly pageMap: Uint32Array;
  private readonly slots = new Map<string, { readonly slot: number; readonly region: MemorySlot }>();
  private readonly free: number[] = [];
  private used = 0;
  /** Whether writes are logged: from the first state that is saved on. Until then all counts as written. */
  private logging = false;

  constructor(
    private readonly vm: KvmVm,
    private readonly memory: GuestMemory,
  ) {
    this.pageMap = new Uint32Array(memory.wasm.buffer, PAGE_MAP_OFFSET, PAGE_MAP_SIZE / 4);
  }

  /** Brings the slots in line with the page map. */
  update(a20: boolean): void {
    const wanted = new Map(this.regions(a20).map((region) => [keyOf(region), region]));
    for (const [key, { slot, region }] of this.slots) if (!wanted.has(key)) this.remove(key, slot, region);
    for (const [key, region] of wanted) {
      this.letWrite(region);
      if (!this.slots.has(key)) this.add(key, region);
    }
  }

  /** Tells the page tracker what has been written since the last call. */
  reportWrites(): void {
    for (const { slot, region } of this.slots.values()) this.reportSlot(slot, region);
    // The slots begin to log when they are brought in line next, before the guest runs on.
    this.logging = true;
  }

  private reportSlot(slot: number, { flags, hostOffset, bytes }: MemorySlot): void {
    if (!(flags & REGION_LOG_DIRTY)) return;
    this.vm.readDirtyLog(slot);
    const { view, dirtyBits } = this.vm.memory;
    const first = hostOffset / PAGE_SIZE;
    for (let page = 0; page < bytes / PAGE_SIZE; page += 32) {
      let bits = view.getUint32(dirtyBits + page / 8, true);
      for (let i = 0; bits !== 0; i++, bits >>>= 1) if (bits & 1) this.memory.pages.beforeWrite(first + page + i);
    }
  }

  /** The kernel writes to a slot whenever it likes from here on: what is being saved of it has to be aside. */
  private letWrite({ flags, hostOffset, bytes }: MemorySlot): void {
    if (flags & REGION_READONLY) return;
    const { pages } = this.memory;
    const end = (hostOffset + bytes) / PAGE_SIZE;
    for (let page = hostOffset / PAGE_SIZE; page < end; page++) {
      if (this.logging) pages.setAside(page);
      else pages.beforeWrite(page);
    }
  }

  private remove(key: string, slot: number, region: MemorySlot): void {
    this.reportSlot(slot, region);
    this.vm.setMemorySlot(slot, undefined);
    this.slots.delete(key);
    this.free.push(slot);
  }

  private add(key: string, region: MemorySlot): void {
    const slot = this.free.pop() ?? this.used++;
    this.vm.setMemorySlot(slot, region);
    this.slots.set(key, { slot, region });
  }

  private regions(a20: boolean): MemorySlot[] {
    const regions: { guestAddress: number; hostOffset: number; bytes: number; flags: number }[] = [];
    for (let page = 0; page < this.pageMap.length; page++) {
      const entry = this.pageMap[a20 || page >= A20_PAGES ? page : page & ~A20_PAGE]!;
      if (!(entry & PAGE_READ)) continue;
      const hostOffset = (entry & ~PAGE_MASK) >>> 0;
      const flags = entry & PAGE_WRITE ? (this.logging ? REGION_LOG_DIRTY : 0) : REGION_READONLY;
      const last = regions.at(-1);
      const follows = last?.flags === flags && last.guestAddress + last.bytes === page * PAGE_SIZE;
      if (last && follows && last.hostOffset + last.bytes === hostOffset) last.bytes += PAGE_SIZE;
      else regions.push({ guestAddress: page * PAGE_SIZE, hostOffset, bytes: PAGE_SIZE, flags });
    }
    return regions;
  }
}

function keyOf({ guestAddress, hostOffset, bytes, flags }: MemorySlot): string {
  return `${guestAddress}:${hostOffset}:${bytes}:${flags}`;
}
