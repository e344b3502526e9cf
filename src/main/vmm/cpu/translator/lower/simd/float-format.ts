import { NATIVE_THRESHOLD_DOUBLE, NATIVE_THRESHOLD_SINGLE } from '../../../core/layout.js';
import { xmmReg, xmmRm, type OrdinaryElements } from '../../code/guest-vectors.js';
import type { RegionImport } from '../../code/imports.js';
import type { RegionCode } from '../../code/region-code.js';
import {
  DOUBLE_ABOVE_SMALLEST,
  DOUBLE_FROM_INFINITY,
  DOUBLE_LOWER_HALF,
  DOUBLE_MAGNITUDE,
  SINGLE_ABOVE_SMALLEST,
  SINGLE_FROM_INFINITY,
  SINGLE_LOWER_HALF,
  SINGLE_MAGNITUDE,
  type VectorConstant,
} from '../../code/vector-constants.js';
import type { Decoded } from '../../decode/decoded.js';
import { Simd } from '../../wasm/simd-instruction.js';
import type { FunctionCode } from '../../wasm/function-code.js';
import { F32, F64, Saturating, Wasm } from '../../wasm/wasm-op.js';
import { saveDestination, saveSource } from './vector-lowering.js';

/** Single or double precision: WebAssembly's instructions for one element and for a vector of them. */
export interface FloatFormat {
  readonly bytes: 4 | 8;
  readonly type: typeof F32 | typeof F64;
  readonly load: number;
  readonly sum: number;
  readonly difference: number;
  readonly abs: number;
  readonly eq: number;
  readonly lt: number;
  readonly gt: number;
  readonly le: number;
  readonly ge: number;
  readonly trunc: number;
  /** Behind the prefix of saturating conversions. */
  readonly truncateToI64: number;
  readonly extract: number;
  readonly replace: number;
  /** The smallest normal number. */
  readonly minNormal: number;
  /** Its bits shifted left by one, as a sign is taken off, and those of infinity. */
  readonly doubledSmallest: bigint;
  readonly doubledInfinity: bigint;
  /** NATIVE_THRESHOLD_* of the core's layout. */
  readonly threshold: number;
  /** Function of the core that is asked about a result. */
  readonly settle: RegionImport;
  /** What XMM registers are known by. */
  readonly ordinary: OrdinaryElements;
  /** Bits of both fractions that are zero in operands whose product is exact, whatever the others are. */
  readonly lowerHalf: bigint;
  readonly vector: {
    readonly sum: number;
    readonly difference: number;
    /** On the bits. */
    readonly add: number;
    readonly subtract: number;
    readonly bitmask: number;
    readonly settle: RegionImport;
    readonly ordinary: OrdinaryElements;
    readonly abs: number;
    readonly eq: number;
    readonly lt: number;
    readonly gt: number;
    readonly le: number;
    readonly ge: number;
    readonly allTrue: number;
    readonly ne: number;
    readonly magnitude: VectorConstant;
    readonly fromInfinity: VectorConstant;
    readonly aboveSmallest: VectorConstant;
    readonly lowerHalf: VectorConstant;
  };
}

export const SINGLE: FloatFormat = {
  bytes: 4,
  type: F32,
  load: Wasm.f32Load,
  sum: Wasm.f32Add,
  difference: Wasm.f32Sub,
  abs: Wasm.f32Abs,
  eq: Wasm.f32Eq,
  lt: Wasm.f32Lt,
  gt: Wasm.f32Gt,
  le: Wasm.f32Le,
  ge: Wasm.f32Ge,
  trunc: Wasm.f32Trunc,
  truncateToI64: Saturating.i64TruncF32S,
  extract: Simd.f32x4Extract,
  replace: Simd.f32x4Replace,
  minNormal: 2 ** -126,
  doubledSmallest: 0x0100_0000n,
  doubledInfinity: 0xff00_0000n,
  threshold: NATIVE_THRESHOLD_SINGLE,
  settle: 'settleSingle',
  ordinary: 'single',
  lowerHalf: 0x0fffn,
  vector: {
    sum: Simd.f32x4Add,
    difference: Simd.f32x4Sub,
    add: Simd.i32x4Add,
    subtract: Simd.i32x4Sub,
    bitmask: Simd.i32x4Bitmask,
    settle: 'settleSingles',
    ordinary: 'singles',
    abs: Simd.f32x4Abs,
    eq: Simd.f32x4Eq,
    lt: Simd.f32x4Lt,
    gt: Simd.f32x4Gt,
    le: Simd.f32x4Le,
    ge: Simd.f32x4Ge,
    allTrue: Simd.i32x4AllTrue,
    ne: Simd.f32x4Ne,
    magnitude: SINGLE_MAGNITUDE,
    fromInfinity: SINGLE_FROM_INFINITY,
    aboveSmallest: SINGLE_ABOVE_SMALLEST,
    lowerHalf: SINGLE_LOWER_HALF,
  },
};

export const DOUBLE: FloatFormat = {
  bytes: 8,
  type: F64,
  load: Wasm.f64Load,
  sum: Wasm.f64Add,
  difference: Wasm.f64Sub,
  abs: Wasm.f64Abs,
  eq: Wasm.f64Eq,
  lt: Wasm.f64Lt,
  gt: Wasm.f64Gt,
  le: Wasm.f64Le,
  ge: Wasm.f64Ge,
  trunc: Wasm.f64Trunc,
  truncateToI64: Saturating.i64TruncF64S,
  extract: Simd.f64x2Extract,
  replace: Simd.f64x2Replace,
  minNormal: 2 ** -1022,
  doubledSmallest: 0x0020_0000_0000_0000n,
  doubledInfinity: 0xffe0_0000_0000_0000n,
  threshold: NATIVE_THRESHOLD_DOUBLE,
  settle: 'settleDouble',
  ordinary: 'double',
  lowerHalf: 0x07ff_ffffn,
  vector: {
    sum: Simd.f64x2Add,
    difference: Simd.f64x2Sub,
    add: Simd.i64x2Add,
    subtract: Simd.i64x2Sub,
    bitmask: Simd.i64x2Bitmask,
    settle: 'settleDoubles',
    ordinary: 'doubles',
    abs: Simd.f64x2Abs,
    eq: Simd.f64x2Eq,
    lt: Simd.f64x2Lt,
    gt: Simd.f64x2Gt,
    le: Simd.f64x2Le,
    ge: Simd.f64x2Ge,
    allTrue: Simd.i64x2AllTrue,
    ne: Simd.f64x2Ne,
    magnitude: DOUBLE_MAGNITUDE,
    fromInfinity: DOUBLE_FROM_INFINITY,
    aboveSmallest: DOUBLE_ABOVE_SMALLEST,
    lowerHalf: DOUBLE_LOWER_HALF,
  },
};

/** Takes the float on the stack to a new temporary. */
export function saveFloat(to: RegionCode, format: FloatFormat): number {
  const local = to.locals.temporary(format.type);
  to.code.set(local);
  return local;
}

export function constant(code: FunctionCode, format: FloatFormat, value: number): void {
  if (format.bytes === 4) code.f32(value);
  else code.f64(value);
}

/** A value in a temporary, and the XMM register it is also in, if any. */
export interface FloatOperand {
  readonly local: number;
  readonly register: number | undefined;
}

/** The source operand's first element. */
export function scalarSource(to: RegionCode, instruction: Decoded, format: FloatFormat): FloatOperand {
  if (!instruction.memory) return firstElement(to, xmmRm(instruction), format);
  to.vectors.pushSource(instruction, format.bytes);
  to.code.memory(format.load);
  return { local: saveFloat(to, format), register: undefined };
}

/** The destination register's first element. */
export function scalarDestination(to: RegionCode, instruction: Decoded, format: FloatFormat): FloatOperand {
  return firstElement(to, xmmReg(instruction), format);
}

function firstElement(to: RegionCode, register: number, format: FloatFormat): FloatOperand {
  to.vectors.push(register);
  to.code.simdLane(format.extract, 0);
  return { local: saveFloat(to, format), register };
}

/** Makes a temporary the destination register's first element; the others stay. */
export function storeScalar(to: RegionCode, instruction: Decoded, format: FloatFormat, value: number): void {
  const register = xmmReg(instruction);
  to.vectors.push(register);
  to.code.get(value).simdLane(format.replace, 0);
  to.vectors.take(register);
}

/** The same with a value that is normal, zero or infinite. */
export function storeOrdinaryScalar(to: RegionCode, instruction: Decoded, format: FloatFormat, value: number): void {
  storeScalar(to, instruction, format, value);
  to.vectors.noteOrdinary(xmmReg(instruction), format.ordinary);
}

/** The source operand, all of it. */
export function vectorSource(to: RegionCode, instruction: Decoded): FloatOperand {
  const local = saveSource(to, instruction);
  return { local, register: instruction.memory ? undefined : xmmRm(instruction) };
}

/** The destination register, all of it. */
export function vectorDestination(to: RegionCode, instruction: Decoded): FloatOperand {
  return { local: saveDestination(to, instruction), register: xmmReg(instruction) };
}

/** Takes the vector in a temporary, whose elements are ordinary, to the destination register. */
export function storeOrdinaryVector(to: RegionCode, instruction: Decoded, format: FloatFormat, value: number): void {
  to.code.get(value);
  to.vectors.take(xmmReg(instruction));
  to.vectors.noteOrdinary(xmmReg(instruction), format.vector.ordinary);
}
