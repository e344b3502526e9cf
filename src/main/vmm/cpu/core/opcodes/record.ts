/**
 * What the decoder knows of one encoding, as the 32 bytes it reads: flags u32, extra u32, op ids u16[size][form], then
 * op ids with LOCK u16[size]. Sizes 0–3 are 8, 16, 32, 64 bits; forms are register and memory.
 */
export const RECORD_SIZE = 32;
export const RECORD_EXTRA = 4;
export const RECORD_IDS = 8;
export const RECORD_LOCK_IDS = 24;

// Immediates: flags bits 0–3.
export const IMM_NONE = 0;
export const IMM_BYTE = 1;
export const IMM_WORD = 2;
/** 16 or 32 bits by operand size. */
export const IMM_Z = 3;
/** 16, 32 or 64 bits. */
export const IMM_V = 4;
/** Memory offset of address size. */
export const IMM_OFFSET = 5;
export const IMM_FAR = 6;
/** ENTER's word and byte. */
export const IMM_WORD_BYTE = 7;

// Operand size: flags bits 4–6.
export const SIZE_SHIFT = 4;
export const SIZE_V = 0;
export const SIZE_BYTE = 1;
export const SIZE_DEFAULT64 = 2;
export const SIZE_ALWAYS64 = 3;
/** 64 bits with REX.W, else 32. */
export const SIZE_Y = 4;

export const HAS_MODRM = 1 << 7;
// First register operand: flags bits 8–9.
export const A_SHIFT = 8;
export const A_NONE = 0;
export const A_REG = 1;
export const A_OPCODE = 2;
/** Which repeat prefix: 0, 1 (F3) or 2 (F2). */
export const A_REPEAT = 3;
export const A_BYTE = 1 << 10;
export const E_BYTE = 1 << 11;
export const ENDS_RUN = 1 << 12;
/** The immediate field is `extra` with an imm8 or the ModR/M byte in its low byte, and bit 31 for REX.W. */
export const COMPOSITE = 1 << 13;
/** With COMPOSITE: the low byte is ModR/M, and A the opcode's low three bits. */
export const X87 = 1 << 14;
/** REX.W selects the next record. */
export const W_NEXT = 1 << 15;
/** ModR/M.mod is ignored: always registers (control and debug registers). */
export const REGISTERS_ONLY = 1 << 16;

// SIMD `extra`.
export const SIMD_OP_SHIFT = 8;
export const SIMD_BYTES_SHIFT = 18;
export const SIMD_ALIGNED = 1 << 21;
export const SIMD_FLAGS = 1 << 22;
export const SIMD_INDEX = 1 << 23;
export const SIMD_WIDE = 1 << 31;

// x87 `extra`.
export const X87_OP_SHIFT = 8;
export const X87_BYTES_SHIFT = 18;
export const X87_LOAD = 1 << 26;
export const X87_STORE = 1 << 27;
export const X87_WAITS = 1 << 28;
export const X87_FLAGS = 1 << 29;
export const X87_POINTERS = 1 << 30;

// Decode index: u16[long][map][prefix][opcode]; the top two bits say what the rest is.
export const INDEX_RECORD = 0;
/** Sixteen records by ModR/M: reg for memory, 8 + reg for registers. */
export const INDEX_GROUP = 1;
/** Seventy-two: reg for memory, 8 + the low six bits for registers. */
export const INDEX_MODRM = 2;
