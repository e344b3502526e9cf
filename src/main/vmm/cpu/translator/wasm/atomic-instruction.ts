/** Atomic read-modify-writes of the threads proposal, behind prefix FEh: the opcode for 32 bits of memory. */
export const Atomic = {
  add: 0x1e,
  sub: 0x25,
  and: 0x2c,
  or: 0x33,
  xor: 0x3a,
  exchange: 0x41,
  compareExchange: 0x48,
} as const;

export type AtomicOperation = (typeof Atomic)[keyof typeof Atomic];

export const ATOMIC_PREFIX = 0xfe;

/** What each operand size adds to the opcode; sizes below 8 bytes are i32, with zeros above what was read. */
export const ATOMIC_SIZES = { 4: 0, 8: 1, 1: 2, 2: 3 } as const;
