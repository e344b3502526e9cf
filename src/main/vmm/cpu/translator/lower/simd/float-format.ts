import type { RegionCode } from '../../code/region-code.js';
import { xmmReg, xmmRm } from '../../code/guest-vectors.js';
import type { Decoded } from '../../decode/decoded.js';
import { Simd } from '../../wasm/simd-instruction.js';
import { F32, F64, Wasm } from '../../wasm/wasm-op.js';
import { saveVector } from './vector-lowering.js';

/** Single or double precision: WebAssembly's instructions for one element and for a vector of them. */
export interface FloatFormat {
  readonly bytes: 4 | 8;
  readonly type: typeof F32 | typeof F64;
  readonly load: number;
  readonly abs: number;
  readonly eq: number;
  readonly lt: number;
  readonly gt: number;
  readonly le: number;
  readonly ge: number;
  readonly extract: number;
  readonly replace: number;
  /** The smallest normal number. */
  readonly minNormal: number;
  readonly vector: {
    readonly abs: number;
    readonly eq: number;
    readonly lt: number;
    readonly gt: number;
    readonly le: number;
    readonly ge: number;
    readonly allTrue: number;
    /** Bits of the smallest normal number and of infinity in every element. */
    readonly minNormal: bigint;
    readonly infinity: bigint;
  };
}

export const SINGLE: FloatFormat = {
  bytes: 4,
  type: F32,
  load: Wasm.f32Load,
  abs: Wasm.f32Abs,
  eq: Wasm.f32Eq,
  lt: Wasm.f32Lt,
  gt: Wasm.f32Gt,
  le: Wasm.f32Le,
  ge: Wasm.f32Ge,
  extract: Simd.f32x4Extract,
  replace: Simd.f32x4Replace,
  minNormal: 2 ** -126,
  vector: {
    abs: Simd.f32x4Abs,
    eq: Simd.f32x4Eq,
    lt: Simd.f32x4Lt,
    gt: Simd.f32x4Gt,
    le: Simd.f32x4Le,
    ge: Simd.f32x4Ge,
    allTrue: Simd.i32x4AllTrue,
    minNormal: 0x0080_0000_0080_0000n,
    infinity: 0x7f80_0000_7f80_0000n,
  },
};

export const DOUBLE: FloatFormat = {
  bytes: 8,
  type: F64,
  load: Wasm.f64Load,
  abs: Wasm.f64Abs,
  eq: Wasm.f64Eq,
  lt: Wasm.f64Lt,
  gt: Wasm.f64Gt,
  le: Wasm.f64Le,
  ge: Wasm.f64Ge,
  extract: Simd.f64x2Extract,
  replace: Simd.f64x2Replace,
  minNormal: 2 ** -1022,
  vector: {
    abs: Simd.f64x2Abs,
    eq: Simd.f64x2Eq,
    lt: Simd.f64x2Lt,
    gt: Simd.f64x2Gt,
    le: Simd.f64x2Le,
    ge: Simd.f64x2Ge,
    allTrue: Simd.i64x2AllTrue,
    minNormal: 0x0010_0000_0000_0000n,
    infinity: 0x7ff0_0000_0000_0000n,
  },
};

/** Takes the float on the stack to a new temporary. */
export function saveFloat(to: RegionCode, format: FloatFormat): number {
  const local = to.locals.temporary(format.type);
  to.code.set(local);
  return local;
}

export function constant(to: RegionCode, format: FloatFormat, value: number): void {
  if (format.bytes === 4) to.code.f32(value);
  else to.code.f64(value);
}

/** The source operand's first element in a temporary. */
export function saveScalarSource(to: RegionCode, instruction: Decoded, format: FloatFormat): number {
  if (instruction.memory) {
    to.vectors.pushSource(instruction, format.bytes);
    to.code.memory(format.load);
  } else {
    to.vectors.push(xmmRm(instruction));
    to.code.simdLane(format.extract, 0);
  }
  return saveFloat(to, format);
}

/** The destination register's first element in a temporary. */
export function saveScalarDestination(to: RegionCode, instruction: Decoded, format: FloatFormat): number {
  to.vectors.push(xmmReg(instruction));
  to.code.simdLane(format.extract, 0);
  return saveFloat(to, format);
}

/** Makes a temporary the destination register's first element; the others stay. */
export function storeScalar(to: RegionCode, instruction: Decoded, format: FloatFormat, value: number): void {
  const register = xmmReg(instruction);
  to.vectors.push(register);
  to.code.get(value).simdLane(format.replace, 0);
  to.vectors.store(register, saveVector(to));
}
