import type { GuestMemory } from '../../../../src/main/vmm/memory/guest-memory.js';
import { DRIVER, PAGE } from '../layout.js';
import { descriptor, LOCAL_SEGMENTS, packDescriptor } from '../segments.js';
import { GDT, IDT, LDT, MAPPINGS, PHYSICAL, PROGRAM, PTE, STACK_TOP, TSS } from './guest-layout.js';
import type { MachineCode } from '../machine-code.js';

/** Selectors and contents of Linux's global descriptor table (arch/x86/kernel/cpu/common.c, gdt_page). */
export const KERNEL_CODE = 0x10;
export const KERNEL_DATA = 0x18;
export const TASK = 0x40;
export const LOCAL_TABLE = 0x50;
export const GDT_LIMIT = 0x7f;
export const TSS_LIMIT = 0x67;
const FLAT_PAGES = 0xf_ffff;
export const LDT_LIMIT = Object.keys(LOCAL_SEGMENTS).length * 8 - 1;

/** Vectors a program may raise by INT n: #BP and #OF. */
const OPEN_VECTORS = new Set([3, 4]);
const VECTORS = 256;

/** Writes page tables, descriptor tables and the driver into the guest's memory. */
export function writeGuestImage(memory: GuestMemory, program: MachineCode): void {
  writePageTables(memory);
  const write = (linear: number, bytes: Uint8Array): void => memory.write(linear - DRIVER + PHYSICAL.driver, bytes);
  write(PROGRAM, program.finish());
  write(GDT, qwords(globalTable()));
  write(LDT, qwords(Object.values(LOCAL_SEGMENTS).map(descriptor)));
  const tss = Buffer.alloc(TSS_LIMIT + 1);
  tss.writeBigUInt64LE(BigInt(STACK_TOP), 4);
  tss.writeUInt16LE(TSS_LIMIT + 1, 102);
  write(TSS, tss);
  write(IDT, qwords(Array.from({ length: VECTORS }, (_, vector) => gate(vector, program)).flat()));
}

function qwords(values: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}

function globalTable(): bigint[] {
  const table = new Array<bigint>((GDT_LIMIT + 1) / 8).fill(0n);
  const flat = (access: number, flags: number): bigint => packDescriptor(0, FLAT_PAGES, access, flags);
  table[1] = flat(0x9b, 0xc);
  table[2] = flat(0x9b, 0xa);
  table[3] = flat(0x93, 0xc);
  table[4] = flat(0xfb, 0xc);
  table[5] = flat(0xf3, 0xc);
  table[6] = flat(0xfb, 0xa);
  table[15] = packDescriptor(0, 0, 0xf5, 4);
  table[TASK / 8] = packDescriptor(TSS, TSS_LIMIT, 0x8b, 0);
  table[LOCAL_TABLE / 8] = packDescriptor(LDT, LDT_LIMIT, 0x82, 0);
  return table;
}

/** A 64-bit interrupt gate (SDM vol. 3, figure 6-8). */
function gate(vector: number, program: MachineCode): bigint[] {
  const to = BigInt(program.addressOf(`vector${vector}`));
  const type = OPEN_VECTORS.has(vector) ? 0xeen : 0x8en;
  return [(to & 0xffffn) | (BigInt(KERNEL_CODE) << 16n) | (type << 40n) | ((to >> 16n) << 48n), to >> 32n];
}

const TABLE_FLAGS = PTE.present | PTE.writable | PTE.user;

/** Four levels; a table is taken for each index that occurs. */
function writePageTables(memory: GuestMemory): void {
  let free: number = PHYSICAL.pageTables + PAGE;
  const child = (table: number, index: number): number => {
    const at = table + index * 8;
    if (memory.read32(at) === 0) {
      memory.write(at, qwords([BigInt(free) | TABLE_FLAGS]));
      free += PAGE;
    }
    return memory.read32(at) & ~(PAGE - 1);
  };
  for (const { linear, physical, pages } of MAPPINGS) {
    pages.forEach((flags, page) => {
      const address = linear + page * PAGE;
      const directory = child(child(PHYSICAL.pageTables, 0), address >>> 30);
      const table = child(directory, (address >>> 21) & 511);
      if (flags !== undefined)
        memory.write(table + ((address >>> 12) & 511) * 8, qwords([BigInt(physical + page * PAGE) | flags]));
    });
  }
}
