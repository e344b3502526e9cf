import { REGION_CONSTANTS } from '../../core/layout.js';
import type { FunctionCode } from '../wasm/function-code.js';
import { Simd } from '../wasm/simd-instruction.js';

/** A vector of two equal halves in the core's memory, whence it comes faster than V8 makes it up. */
export interface VectorConstant {
  readonly address: number;
  readonly half: bigint;
}

const written: VectorConstant[] = [];

function constant(half: bigint): VectorConstant {
  const entry = { address: REGION_CONSTANTS + written.length * 16, half };
  written.push(entry);
  return entry;
}

/** All bits but the sign's of every element. */
export const SINGLE_MAGNITUDE = constant(0x7fff_ffff_7fff_ffffn);
export const DOUBLE_MAGNITUDE = constant(0x7fff_ffff_ffff_ffffn);
/** Added to a magnitude's bits, makes the top one that of infinity or NaN. */
export const SINGLE_FROM_INFINITY = constant(0x0080_0000_0080_0000n);
export const DOUBLE_FROM_INFINITY = constant(0x0010_0000_0000_0000n);
/** Subtracted from a magnitude's bits, makes the top one that of all up to the smallest normal number. */
export const SINGLE_ABOVE_SMALLEST = constant(0x0080_0001_0080_0001n);
export const DOUBLE_ABOVE_SMALLEST = constant(0x0010_0000_0000_0001n);
/** Bits of both fractions that are zero in operands whose product is exact, whatever the others are. */
export const SINGLE_LOWER_HALF = constant(0x0000_0fff_0000_0fffn);
export const DOUBLE_LOWER_HALF = constant(0x0000_0000_07ff_ffffn);

/** Writes them to where regions look for them. */
export function writeVectorConstants(view: DataView): void {
  for (const { address, half } of written) for (const at of [address, address + 8]) view.setBigUint64(at, half, true);
}

export function pushVectorConstant(code: FunctionCode, { address }: VectorConstant): void {
  code.i32(0).simdMemory(Simd.load, address);
}
