import { CODE, CODE_BYTES, DATA, DATA_BYTES, HOLE, HOLE_BYTES, PAGE } from '../layout.js';
import { FLAT_LIMIT, type Segment } from '../segments.js';
import { DS, FS, GS, RBP, RBX, RDI, RSI, RSP, SS, type CaseBuilder } from './case-builder.js';

/** A memory operand: the bytes that encode it after the opcode, and where it lies. */
export interface MemoryOperand {
  /** ModR/M (with 0 in reg), SIB, displacement. */
  readonly bytes: number[];
  /** REX.X and REX.B. */
  readonly rex: number;
  /** Linear address; of no meaning where it is not in the cases' memory. */
  readonly linear: number;
  /** Index in `bytes` of a displacement that is relative to the end of the instruction, or -1. */
  readonly relativeAt: number;
}

export interface AddressOptions {
  /** Bytes of an address: 2, 4, 8. */
  readonly width: number;
  /** Bytes of the operand. */
  readonly size: number;
  /** Segment override, or undefined. */
  readonly override: number | undefined;
}

/** Base of a segment as the addressing mode sees it. */
export function segmentBase(b: CaseBuilder, segment: number): bigint {
  if (segment === FS) return b.fsBase;
  if (segment === GS) return b.gsBase;
  return b.long ? 0n : BigInt(b.segments[segment]!.base);
}

/** An address at which an operand of `size` bytes is interesting: mostly inside, often at the border of something. */
function interestingLinear(b: CaseBuilder, size: number): number {
  const { random } = b;
  if (b.fixedLinear !== undefined) return b.fixedLinear;
  const pages = DATA_BYTES / PAGE;
  switch (random.below(16)) {
    case 0:
      return DATA + (1 + random.below(pages)) * PAGE - random.below(size + 1);
    case 1:
      return DATA + 6 * PAGE + random.below(PAGE);
    case 2:
      return DATA + 11 * PAGE - random.below(size + 4) + (random.below(2) === 0 ? PAGE : 0);
    case 3:
      return DATA + (random.below(2) === 0 ? -random.below(size + 1) : DATA_BYTES - random.below(size + 1));
    case 4:
    case 5:
      return DATA + random.below(DATA_BYTES);
    default: {
      const page = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 14, 15][random.below(14)]!;
      return DATA + page * PAGE + (random.below(PAGE / 16) - (size > 16 ? size >>> 4 : 0)) * 16;
    }
  }
}

/** Linux hides what a program's access to the last page below 2^47 and above it does (the P bit of the error code). */
const NON_CANONICAL = [
  0x8000_0000_0000n, 0xffff_7fff_ffff_0000n, 0x8000_0000_0000_0000n, 0xffff_0000_0000_0000n,
  0x1234_5678_9abc_def0n,
]; // prettier-ignore

/** An offset in a segment that is safe to access whatever happens. */
export function interestingOffset(b: CaseBuilder, segment: number, width: number, size: number): bigint {
  const offset = anyOffset(b, segment, width, size);
  // A state image that wraps around a 16-bit segment is nobody's business.
  if (width === 2 && size >= 10 && size !== 16 && Number(offset) + size > 0x1_0000) return 0n;
  const within = (segmentBase(b, segment) + offset) & BigInt(size - 1);
  if (!b.locks || within === 0n) return offset;
  return offset >= within ? offset - within : offset + BigInt(size) - within;
}

function anyOffset(b: CaseBuilder, segment: number, width: number, size: number): bigint {
  const { random } = b;
  const mask = (1n << BigInt(width * 8)) - 1n;
  if (b.long) {
    const base = segmentBase(b, segment);
    if (width === 8 && random.below(24) === 0) return (random.pick(NON_CANONICAL) - base) & mask;
    if (random.below(32) === 0) return (BigInt(HOLE + random.below(HOLE_BYTES)) - base) & mask;
    const offset = BigInt.asUintN(64, BigInt(interestingLinear(b, size)) - base);
    // A 32-bit address reaches only upwards of the base.
    return offset & ~mask ? 0n : offset;
  }
  const s = b.segments[segment]!;
  if (s.limit === FLAT_LIMIT) {
    if (random.below(24) === 0 && b.fixedLinear === undefined) return BigInt(0xffff_ffff - random.below(size + 1));
    if (random.below(24) === 0) return BigInt(random.below(0x1_0000) & Number(mask));
    return BigInt(interestingLinear(b, size)) & mask;
  }
  return confinedOffset(b, s, width, size) & mask;
}

function confinedOffset(b: CaseBuilder, { base, limit }: Segment, width: number, size: number): bigint {
  const { random } = b;
  switch (random.below(12)) {
    case 0:
      return BigInt(Math.max(0, limit + 1 - random.below(size + 2)));
    case 1:
      return BigInt(random.u32());
    case 2:
      return BigInt((width === 2 ? 0xffff : FLAT_LIMIT) - random.below(size + 1));
    default: {
      const offset = (base === CODE ? CODE + random.below(CODE_BYTES) : interestingLinear(b, size)) - base;
      return BigInt(offset >= 0 ? offset : random.below(limit + 1 || 1));
    }
  }
}

/** Points a register at an operand that the instruction finds by itself; answers with its linear address. */
export function pointAt(b: CaseBuilder, register: number, segment: number, width: number, size: number): number {
  const offset = interestingOffset(b, segment, width, size);
  b.setLow(register, offset, width);
  return linearOf(b, segment, offset);
}

function linearOf(b: CaseBuilder, segment: number, offset: bigint): number {
  return Number(BigInt.asUintN(b.long ? 64 : 32, segmentBase(b, segment) + offset));
}

export function memoryOperand(b: CaseBuilder, options: AddressOptions): MemoryOperand {
  return options.width === 2 ? operand16(b, options) : operand32(b, options);
}

/** Registers of the 16-bit addressing forms (SDM vol. 2, table 2-1). */
const FORMS_16: readonly (readonly number[])[] = [
  [RBX, RSI], [RBX, RDI], [RBP, RSI], [RBP, RDI], [RSI], [RDI], [RBP], [RBX],
]; // prettier-ignore

function operand16(b: CaseBuilder, { size, override }: AddressOptions): MemoryOperand {
  const { random } = b;
  const rm = random.below(8);
  const mod = random.below(3);
  const form = FORMS_16[rm]!;
  const absolute = mod === 0 && rm === 6;
  const usable = !absolute && form.some((register) => b.isFree(register));
  const segment = override ?? (usable && form.includes(RBP) ? SS : DS);
  const offset = interestingOffset(b, segment, 2, size);
  const linear = linearOf(b, segment, offset);
  const value = Number(offset & 0xffffn);
  if (!usable) return { bytes: [0x06, value & 0xff, value >>> 8], rex: 0, linear, relativeAt: -1 };
  const displacement = mod === 0 ? 0 : mod === 1 ? (random.u32() << 24) >> 24 : random.u32() & 0xffff;
  const target = form.find((register) => b.isFree(register))!;
  b.locked |= 1 << target;
  const others = form.reduce(
    (sum, register) => (register === target ? sum : sum + Number(b.gpr[register]! & 0xffffn)),
    0,
  );
  form.forEach((register) => (b.locked |= 1 << register));
  b.setLow(target, BigInt((value - displacement - others) & 0xffff), 2);
  const bytes = [(mod << 6) | rm];
  if (mod >= 1) bytes.push(displacement & 0xff);
  if (mod === 2) bytes.push((displacement >>> 8) & 0xff);
  return { bytes, rex: 0, linear, relativeAt: -1 };
}

const little32 = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
const fitsSigned32 = (value: bigint): boolean => BigInt.asIntN(32, value) === BigInt.asIntN(64, value);

function operand32(b: CaseBuilder, options: AddressOptions): MemoryOperand {
  const kind = b.random.below(16);
  const special =
    kind === 0
      ? absolute(b, options)
      : kind === 1
        ? scaledIndex(b, options)
        : kind === 2
          ? relative(b, options)
          : undefined;
  return special ?? withBase(b, options);
}

/** [disp32], in 64-bit code by way of SIB. */
function absolute(b: CaseBuilder, { width, size, override }: AddressOptions): MemoryOperand | undefined {
  const segment = override ?? DS;
  const offset = interestingOffset(b, segment, width, size);
  if (width === 8 && !fitsSigned32(offset)) return undefined;
  const displacement = little32(Number(BigInt.asIntN(32, offset)));
  return {
    bytes: b.long ? [0x04, 0x25, ...displacement] : [0x05, ...displacement],
    rex: 0,
    linear: linearOf(b, segment, offset),
    relativeAt: -1,
  };
}

/** [RIP + disp32]; outside 64-bit code there is none. */
function relative(b: CaseBuilder, { width, size, override }: AddressOptions): MemoryOperand | undefined {
  const segment = override ?? DS;
  if (!b.long) return undefined;
  const offset = interestingOffset(b, segment, width, size);
  const displacement = offset - BigInt(b.rip);
  if (offset >= 0x8000_0000n || !fitsSigned32(displacement)) return undefined;
  return {
    bytes: [0x05, ...little32(Number(displacement))],
    rex: 0,
    linear: linearOf(b, segment, offset),
    relativeAt: 1,
  };
}

/** [index * scale + disp32] without a base. */
function scaledIndex(b: CaseBuilder, { width, size, override }: AddressOptions): MemoryOperand | undefined {
  const segment = override ?? DS;
  const index = b.random.below(b.long ? 16 : 8);
  if (index === RSP || !b.isFree(index)) return undefined;
  const offset = interestingOffset(b, segment, width, size);
  const scale = b.random.below(4);
  const value = BigInt(b.random.below(0x1000_0000)) - 0x800_0000n;
  const displacement = offset - (value << BigInt(scale));
  if (width === 8 && !fitsSigned32(displacement)) return undefined;
  b.setLow(index, BigInt.asUintN(64, value), width);
  return {
    bytes: [0x04, (scale << 6) | ((index & 7) << 3) | 5, ...little32(Number(BigInt.asIntN(32, displacement)))],
    rex: index >= 8 ? 2 : 0,
    linear: linearOf(b, segment, offset),
    relativeAt: -1,
  };
}

/** [base + index * scale + disp]. */
function withBase(b: CaseBuilder, { width, size, override }: AddressOptions): MemoryOperand {
  const { random } = b;
  const registers = b.long ? 16 : 8;
  let base = random.below(registers);
  while (!b.isFree(base)) base = (base + 1) % registers;
  const segment = override ?? (base === RSP || base === RBP ? SS : DS);
  const offset = interestingOffset(b, segment, width, size);
  b.locked |= 1 << base;
  const indexed = (base & 7) === RSP || random.below(3) === 0;
  const index = indexed ? random.below(registers) : RSP;
  const scale = random.below(4);
  const mod = (base & 7) === RBP ? 1 + random.below(2) : random.below(3);
  let displacement = mod === 0 ? 0n : mod === 1 ? BigInt(random.below(256) - 128) : BigInt(random.u32() | 0);
  if (index === base && index !== RSP) {
    const factor = (1n << BigInt(scale)) + 1n;
    const value = offset / factor;
    // The remainder, up to 8, has to go into the displacement.
    displacement = offset - value * factor;
    b.setLow(base, value, width);
    const sib = (scale << 6) | ((index & 7) << 3) | (base & 7);
    return {
      bytes: [0x44, sib, Number(displacement)],
      rex: (base >= 8 ? 1 : 0) | (index >= 8 ? 2 : 0),
      linear: linearOf(b, segment, offset),
      relativeAt: -1,
    };
  }
  const indexValue = index === RSP ? 0n : b.gpr[index]! << BigInt(scale);
  if (index !== RSP) b.locked |= 1 << index;
  b.setLow(base, BigInt.asUintN(64, offset - displacement - indexValue), width);
  const bytes = [(mod << 6) | (indexed ? 4 : base & 7)];
  if (indexed) bytes.push((scale << 6) | ((index & 7) << 3) | (base & 7));
  if (mod === 1) bytes.push(Number(BigInt.asUintN(8, displacement)));
  if (mod === 2) bytes.push(...little32(Number(displacement)));
  return {
    bytes,
    rex: (base >= 8 ? 1 : 0) | (index >= 8 ? 2 : 0),
    linear: linearOf(b, segment, offset),
    relativeAt: -1,
  };
}
