import type { CpuState } from '../../cpu/registers.js';
import type { GuestMemory } from '../../memory/guest-memory.js';
import type { Translation } from './address-space.js';

const CR0_PAGING = 0x8000_0000n;
const CR4_PAE = 0x20n;
const PRESENT = 1;
const LARGE = 0x80;

/** A walk of the 32-bit tables (SDM vol. 3, 4.3). */
function walk32(memory: GuestMemory, cr3: number, linear: number): number {
  const directory = memory.read32((cr3 & ~0xfff) + ((linear >>> 22) << 2));
  if (!(directory & PRESENT)) return -1;
  if (directory & LARGE) return ((directory & ~0x3f_ffff) >>> 0) + (linear & 0x3f_ffff);
  const page = memory.read32(((directory & ~0xfff) >>> 0) + (((linear >>> 12) & 0x3ff) << 2));
  return page & PRESENT ? ((page & ~0xfff) >>> 0) + (linear & 0xfff) : -1;
}

/** A walk of the PAE tables (4.4); only what lies below 4 GiB exists on this board. */
function walkPae(memory: GuestMemory, cr3: number, linear: number): number {
  let table = cr3 & ~0x1f;
  for (const shift of [30, 21, 12]) {
    const index = shift === 30 ? linear >>> 30 : (linear >>> shift) & 0x1ff;
    const entry = memory.read32((table >>> 0) + index * 8);
    if (!(entry & PRESENT)) return -1;
    if (shift === 21 && entry & LARGE) return ((entry & ~0x1f_ffff) >>> 0) + (linear & 0x1f_ffff);
    table = entry & ~0xfff;
  }
  return (table >>> 0) + (linear & 0xfff);
}

/** How the CPU translates now, for services called from virtual-8086 mode; `undefined` without paging. */
export function currentTranslation(state: CpuState, memory: GuestMemory): Translation | undefined {
  if (!(state.cr0 & CR0_PAGING)) return undefined;
  const cr3 = Number(state.cr3 & 0xffff_ffffn);
  const walk = state.cr4 & CR4_PAE ? walkPae : walk32;
  let cachedPage = -1;
  let cachedBase = -1;
  return (linear) => {
    const page = linear >>> 12;
    if (page !== cachedPage) {
      cachedPage = page;
      cachedBase = walk(memory, cr3, (linear & ~0xfff) >>> 0);
    }
    return cachedBase < 0 ? -1 : cachedBase + (linear & 0xfff);
  };
}
