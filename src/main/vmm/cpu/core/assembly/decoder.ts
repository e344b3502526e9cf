import { MODE_16, MODE_64, MODE_FLAT32, SLOT_PAGE_RIP, SLOT_ZERO } from '../layout';
import * as R from '../opcodes/record';
import { DECODE_GROUPS, DECODE_INDEX, DECODE_RECORDS, FLAT_CASES } from './generated/tables';
import { OP_TOO_LONG, OP_UNDEFINED } from './pseudo-ops';
import { codeMode, CS, DS, FS, GS, SS } from './state';

/**
 * From instruction bytes to an op:
 *
 *   0 u16  id: the main loop's case
 *   2 u16  page offset (12 bits), length (4 bits)
 *   4 u8   first register operand: byte offset in the register file, or what the record says
 *   5 u8   r/m register, or base register of the memory operand
 *   6 u8   index register
 *   7 u8   scale (2 bits), address size if not flat (2), segment (3), memory operand (1)
 *   8 i32  displacement; for direct jumps the linked target
 *  12 i32  immediate
 */

/** Whether the last decoded instruction never falls through. */
export let endsRun: bool = false;

const MAX_LENGTH: u32 = 15;

// The instruction being decoded.
let at: usize = 0;
let end: usize = 0;
let short: bool = false;
let rex: u32 = 0;
let operand16: bool = false;
let addressSize: u32 = 0;
let segmentOverride: i32 = -1;
let ripRelative: bool = false;

function fetch8(): u32 {
  if (at >= end) {
    short = true;
    return 0;
  }
  const value = <u32>load<u8>(at);
  at++;
  return value;
}
function fetch16(): u32 {
  const low = fetch8();
  return low | (fetch8() << 8);
}
function fetch32(): u32 {
  const low = fetch16();
  return low | (fetch16() << 16);
}

/**
 * Decodes the instruction at `source` into `op`.
 * @param available bytes up to the end of the page
 * @returns its length, or 0 if it goes beyond what is available
 */
export function decode(source: usize, available: u32, op: usize, offset: u32): u32 {
  at = source;
  end = source + (available < MAX_LENGTH ? available : MAX_LENGTH);
  short = false;
  endsRun = true;
  ripRelative = false;
  store<u64>(op, 0);
  store<u64>(op, 0, 8);
  decodeInstruction(op);
  if (short) {
    if (available < MAX_LENGTH) return 0;
    store<u16>(op, OP_TOO_LONG);
    endsRun = true;
  }
  const length = <u32>(at - source);
  store<u16>(op, <u16>(offset | (length << 12)), 2);
  // RIP-relative displacements count from the next instruction; the base slot holds the start of the page.
  if (ripRelative) store<i32>(op, load<i32>(op, 8) + <i32>(offset + length), 8);
  return length;
}

function undefinedInstruction(op: usize): void {
  store<u64>(op, OP_UNDEFINED);
  ripRelative = false;
  endsRun = true;
}

function decodeInstruction(op: usize): void {
  const mode = codeMode();
  const long = mode == MODE_64;
  operand16 = mode == MODE_16;
  addressSize = long ? 3 : mode == MODE_16 ? 1 : 2;
  segmentOverride = -1;
  rex = 0;
  let lock = false;
  let size66 = false;
  let repeat: u32 = 0;
  let byte: u32 = 0;
  while (true) {
    byte = fetch8();
    if (byte == 0x66) size66 = true;
    else if (byte == 0x67) addressSize = long ? 2 : mode == MODE_16 ? 2 : 1;
    else if (byte == 0xf0) lock = true;
    else if (byte == 0xf3) repeat = 1;
    else if (byte == 0xf2) repeat = 2;
    else if ((byte & 0xe7) == 0x26) {
      if (!long) segmentOverride = <i32>(byte >>> 3) & 3;
    } else if (byte == 0x64) segmentOverride = FS;
    else if (byte == 0x65) segmentOverride = GS;
    else if (long && (byte & 0xf0) == 0x40) {
      rex = byte;
      continue;
    } else break;
    // A REX prefix counts only right before the opcode.
    rex = 0;
    if (short) return;
  }
  if (size66) operand16 = !operand16;
  let map: u32 = 0;
  if (byte == 0x0f) {
    byte = fetch8();
    map = 1;
    if (byte == 0x38 || byte == 0x3a) {
      map = byte == 0x38 ? 2 : 3;
      byte = fetch8();
    }
  }
  if (short) return;
  const prefix: u32 = repeat ? repeat + 1 : size66 ? 1 : 0;
  const index = (((long ? 4 : 0) + map) * 4 + prefix) * 256 + byte;
  decodeOperands(op, <u32>load<u16>(DECODE_INDEX + (index << 1)), byte, repeat, lock, long, mode);
}

function decodeOperands(op: usize, entry: u32, opcode: u32, repeat: u32, lock: bool, long: bool, mode: u32): void {
  let modrm: u32 = 0;
  let record = entry & 0x3fff;
  const kind = entry >>> 14;
  if (kind != R.INDEX_RECORD) {
    modrm = fetch8();
    const registers = modrm >= 0xc0;
    const digit = (modrm >>> 3) & 7;
    const slot: u32 = !registers ? digit : kind == R.INDEX_GROUP ? 8 + digit : 8 + (modrm & 0x3f);
    record = load<u16>(DECODE_GROUPS + ((record + slot) << 1));
  }
  if (short) return;
  if (!record) return undefinedInstruction(op);
  let row: usize = DECODE_RECORDS + record * R.RECORD_SIZE;
  const wide = (rex & 8) != 0;
  if (load<u32>(row) & R.W_NEXT && wide) row += R.RECORD_SIZE;
  const flags = load<u32>(row);
  if (flags & R.HAS_MODRM && kind == R.INDEX_RECORD) modrm = fetch8();
  const memory = (flags & R.HAS_MODRM) != 0 && modrm < 0xc0 && !(flags & R.REGISTERS_ONLY);
  const immediate = flags & 15;
  const memoryOffset = immediate == R.IMM_OFFSET && addressSize != 3;
  const size = operandSizeOf(flags, long, wide);
  const id = load<u16>(row + R.RECORD_IDS + ((size * 2 + (memory || memoryOffset ? 1 : 0)) << 1));
  store<u16>(op, id);
  decodeFirst(op, flags, opcode, modrm, repeat);
  if (flags & R.HAS_MODRM) {
    if (memory) decodeMemory(op, modrm, mode);
    else {
      store<u8>(op, registerCell(modrm & 7, rex & 1, (flags & R.E_BYTE) != 0), 5);
      store<u8>(op, addressForm(segmentOverride < 0 ? DS : segmentOverride, mode) & 0x7f, 7);
    }
  } else {
    // String and port operations take their segment from here.
    store<u8>(op, addressForm(segmentOverride < 0 ? DS : segmentOverride, mode), 7);
    store<u8>(op, SLOT_ZERO * 8, 5);
    store<u8>(op, SLOT_ZERO * 8, 6);
  }
  decodeImmediate(op, flags, row, size, modrm, wide, mode);
  if (short) return;
  if (lock) {
    const locked = memory ? load<u16>(row + R.RECORD_LOCK_IDS + (size << 1)) : <u16>0;
    if (!locked) return undefinedInstruction(op);
    store<u16>(op, locked);
  }
  endsRun = (flags & R.ENDS_RUN) != 0;
}

/** Operand size 0–3 for 8 to 64 bits. */
function operandSizeOf(flags: u32, long: bool, wide: bool): u32 {
  const kind = (flags >>> R.SIZE_SHIFT) & 7;
  if (kind == R.SIZE_BYTE) return 0;
  if (kind == R.SIZE_Y) return wide ? 3 : 2;
  if (wide || (long && kind == R.SIZE_ALWAYS64)) return 3;
  if (operand16) return 1;
  return long && kind == R.SIZE_DEFAULT64 ? 3 : 2;
}

/** Byte offset in the register file; without REX, byte registers 4–7 are AH, CH, DH, BH. */
function registerCell(number: u32, extension: u32, byte: bool): u32 {
  if (byte && !rex && number >= 4) return (number - 4) * 8 + 1;
  return (number | (extension << 3)) * 8;
}

function decodeFirst(op: usize, flags: u32, opcode: u32, modrm: u32, repeat: u32): void {
  const source = (flags >>> R.A_SHIFT) & 3;
  const byte = (flags & R.A_BYTE) != 0;
  if (source == R.A_REG) store<u8>(op, registerCell((modrm >>> 3) & 7, (rex >>> 2) & 1, byte), 4);
  else if (source == R.A_OPCODE) store<u8>(op, registerCell(opcode & 7, flags & R.X87 ? 0 : rex & 1, byte), 4);
  else if (source == R.A_REPEAT) store<u8>(op, repeat, 4);
}

/** Byte 7 of an op with a memory operand. */
function addressForm(seg: u32, mode: u32): u32 {
  const natural: u32 = mode == MODE_64 ? 3 : 2;
  const flat = addressSize == natural && (mode == MODE_64 || (mode == MODE_FLAT32 && seg != CS)) && seg < 4;
  return 0x80 | (seg << 4) | (flat ? 0 : addressSize << 2);
}

function setMemory(op: usize, base: u32, index: u32, scale: u32, displacement: i32, stack: bool, mode: u32): void {
  const seg: u32 = segmentOverride >= 0 ? segmentOverride : stack ? SS : DS;
  store<u8>(op, base * 8, 5);
  store<u8>(op, index * 8, 6);
  store<u8>(op, addressForm(seg, mode) | scale, 7);
  store<i32>(op, displacement, 8);
  specialize(op);
}

/** Gives an op with a flat memory operand the case made for that. */
function specialize(op: usize): void {
  if (load<u8>(op, 7) & 0x0c) return;
  const indexed = load<u8>(op, 6) != SLOT_ZERO * 8;
  const id = load<u16>(FLAT_CASES + (<usize>load<u16>(op) << 2) + (indexed ? 2 : 0));
  if (id) store<u16>(op, id);
}

function decodeMemory(op: usize, modrm: u32, mode: u32): void {
  if (addressSize == 1) return decodeMemory16(op, modrm, mode);
  const mod = modrm >>> 6;
  const rm = modrm & 7;
  let base = rm | ((rex & 1) << 3);
  let index: u32 = SLOT_ZERO;
  let scale: u32 = 0;
  let stack = rm == 5 && mod != 0;
  if (rm == 4) {
    const sib = fetch8();
    scale = sib >>> 6;
    const number = ((sib >>> 3) & 7) | ((rex & 2) << 2);
    if (number != 4) index = number;
    base = (sib & 7) | ((rex & 1) << 3);
    stack = (sib & 7) == 4 || ((sib & 7) == 5 && mod != 0);
    if ((sib & 7) == 5 && mod == 0) {
      return setMemory(op, SLOT_ZERO, index, scale, <i32>fetch32(), false, mode);
    }
  } else if (rm == 5 && mod == 0) {
    ripRelative = mode == MODE_64;
    return setMemory(op, ripRelative ? SLOT_PAGE_RIP : SLOT_ZERO, index, 0, <i32>fetch32(), false, mode);
  }
  // R12 and R13 as bases use DS as any other register.
  if (rex & 1) stack = false;
  const displacement: i32 = mod == 1 ? <i32>(<i8>fetch8()) : mod == 2 ? <i32>fetch32() : 0;
  setMemory(op, base, index, scale, displacement, stack, mode);
}

/** 16-bit addressing (SDM vol. 2, table 2-1). */
function decodeMemory16(op: usize, modrm: u32, mode: u32): void {
  const mod = modrm >>> 6;
  const rm = modrm & 7;
  if (mod == 0 && rm == 6) return setMemory(op, SLOT_ZERO, SLOT_ZERO, 0, <i32>fetch16(), false, mode);
  // BX+SI, BX+DI, BP+SI, BP+DI, SI, DI, BP, BX
  const base: u32 = rm < 2 || rm == 7 ? 3 : rm == 4 ? 6 : rm == 5 ? 7 : 5;
  const index: u32 = rm < 4 ? 6 + (rm & 1) : SLOT_ZERO;
  const displacement: i32 = mod == 1 ? <i32>(<i8>fetch8()) : mod == 2 ? <i32>(<i16>fetch16()) : 0;
  setMemory(op, base, index, 0, displacement, base == 5, mode);
}

function decodeImmediate(op: usize, flags: u32, row: usize, size: u32, modrm: u32, wide: bool, mode: u32): void {
  const kind = flags & 15;
  if (kind == R.IMM_BYTE) store<i32>(op, <i32>(<i8>fetch8()), 12);
  else if (kind == R.IMM_WORD) store<i32>(op, fetch16(), 12);
  else if (kind == R.IMM_Z) store<i32>(op, size == 1 ? <i32>(<i16>fetch16()) : <i32>fetch32(), 12);
  else if (kind == R.IMM_V) decodeFullImmediate(op, size);
  else if (kind == R.IMM_OFFSET) decodeMemoryOffset(op, mode);
  else if (kind == R.IMM_FAR) {
    store<i32>(op, size == 1 ? fetch16() : fetch32(), 8);
    store<i32>(op, fetch16(), 12);
  } else if (kind == R.IMM_WORD_BYTE) {
    store<i32>(op, fetch16(), 8);
    store<i32>(op, fetch8(), 12);
  }
  if (flags & R.COMPOSITE) {
    const low = flags & R.X87 ? modrm : load<u32>(op, 12) & 0xff;
    const high: u32 = wide && !(flags & R.X87) ? R.SIMD_WIDE : 0;
    store<u32>(op, load<u32>(row, R.RECORD_EXTRA) | low | high, 12);
  }
}

function decodeFullImmediate(op: usize, size: u32): void {
  if (size == 3) {
    const low = fetch32();
    store<u32>(op, low, 8);
    store<u32>(op, fetch32(), 12);
  } else {
    store<u32>(op, size == 1 ? fetch16() : fetch32(), 12);
  }
}

function decodeMemoryOffset(op: usize, mode: u32): void {
  if (addressSize == 3) {
    const low = fetch32();
    store<u32>(op, low, 8);
    store<u32>(op, fetch32(), 12);
    return;
  }
  setMemory(op, SLOT_ZERO, SLOT_ZERO, 0, <i32>(addressSize == 1 ? fetch16() : fetch32()), false, mode);
}
