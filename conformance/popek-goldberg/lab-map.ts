/** Where everything lies in a lab's first megabyte, and what its descriptor table holds. */
export const MAP = {
  gdt: 0x2000,
  idt: 0x3000,
  tss: 0x4000,
  /** The second task of task switches. */
  otherTss: 0x6800,
  ldt: 0x7000,
  /** One HLT for each vector, 16 bytes apart: where the processor stands tells which it went through. */
  stubs: 0x8000,
  ring0Stack: 0xc000,
  interruptStack: 0xd000,
  userStack: 0xe000,
  code: 0x10000,
  data: 0x20000,
  pageTables: 0x80000,
} as const;

/** Selectors of the lab's descriptor table, without RPL. */
export const SELECTOR = {
  code32: 0x08, data: 0x10, code64: 0x18, userCode32: 0x20, userData: 0x28, userCode64: 0x30,
  code16: 0x38, data16: 0x40, userCode16: 0x48, userData16: 0x50, tss: 0x58, ldt: 0x68, conforming: 0x78, conforming64: 0x80,
  /** For the cases themselves. */
  free: 0x90,
} as const; // prettier-ignore

export const GDT_BYTES = 0x400;
export const TSS_BYTES = 0x68;

// Access bytes (bits 8–15 of the second dword) with the granularity nibble above them: attributes of SegmentState.
export const ATTRIBUTES = {
  code32: 0xc09b, code64: 0xa09b, code16: 0x009b, data: 0xc093, data16: 0x0093, conforming: 0xc09f, conforming64: 0xa09f,
  tss: 0x8b, freeTss: 0x89, tss16: 0x83, freeTss16: 0x81, ldt: 0x82,
} as const; // prettier-ignore
export const DPL3 = 0x60;

/** A descriptor of 8 bytes (SDM vol. 3, figure 3-8). @param limit as the field holds it, in units of G */
export function descriptor(base: number, limit: number, attributes: number): bigint {
  const low = BigInt(((base & 0xffff) * 0x10000 + (limit & 0xffff)) >>> 0);
  const high = ((base >>> 24) << 24) | ((attributes & 0xf000) << 8) | (limit & 0xf0000) | ((attributes & 0xff) << 8) | ((base >>> 16) & 0xff); // prettier-ignore
  return low | (BigInt(high >>> 0) << 32n);
}

export const GATE = { task: 5, call16: 4, interrupt16: 6, trap16: 7, call32: 12, interrupt32: 14, trap32: 15 } as const;

/** A gate of 8 bytes (SDM vol. 3, figure 6-2); in long mode the lower half of one of 16. */
export function gate(selector: number, offset: number, type: number, dpl = 0, parameters = 0): bigint {
  const low = BigInt((selector * 0x10000 + (offset & 0xffff)) >>> 0);
  const high = (offset & 0xffff_0000) | 0x8000 | (dpl << 13) | (type << 8) | parameters;
  return low | (BigInt(high >>> 0) << 32n);
}
