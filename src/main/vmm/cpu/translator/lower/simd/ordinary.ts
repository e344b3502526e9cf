import type { RegionCode } from '../../code/region-code.js';
import { Simd } from '../../wasm/simd-instruction.js';
import { Wasm } from '../../wasm/wasm-op.js';
import { constant, type FloatFormat } from './float-format.js';

/**
 * Where WebAssembly's arithmetic is SSE's, as in the core's assembly/simd/ordinary.ts: operands normal, zero or infinite,
 * the result finite and, but for sums, not near underflow. Everything else is left to the interpreter.
 */
export type ResultKind = 'sum' | 'product' | 'quotient' | 'root';

/** Pushes whether a temporary is normal, zero or infinite. */
export function pushOrdinary(to: RegionCode, format: FloatFormat, value: number): void {
  pushNotSmall(to, format, value);
  to.code.get(value);
  constant(to, format, 0);
  to.code.op(format.eq).op(Wasm.i32Or);
}

function pushNotSmall(to: RegionCode, format: FloatFormat, value: number): void {
  to.code.get(value).op(format.abs);
  constant(to, format, format.minNormal);
  to.code.op(format.ge);
}

function pushFinite(to: RegionCode, format: FloatFormat, value: number): void {
  to.code.get(value).op(format.abs);
  constant(to, format, Infinity);
  to.code.op(format.lt);
}

function pushNotNearUnderflow(to: RegionCode, format: FloatFormat, value: number): void {
  to.code.get(value).op(format.abs);
  constant(to, format, format.minNormal);
  to.code.op(format.gt);
}

function pushZero(to: RegionCode, format: FloatFormat, value: number): void {
  to.code.get(value);
  constant(to, format, 0);
  to.code.op(format.eq);
}

/** Leaves the instruction to the interpreter unless operands (temporaries) and result are as above. */
export function requireOrdinary(
  to: RegionCode,
  format: FloatFormat,
  kind: ResultKind,
  operands: readonly number[],
  result: number,
): void {
  const { code } = to;
  // Nothing is zero, usually; a sum may be.
  pushFinite(to, format, result);
  if (kind === 'product' || kind === 'quotient') {
    pushNotNearUnderflow(to, format, result);
    code.op(Wasm.i32And);
  }
  for (const operand of operands) {
    pushNotSmall(to, format, operand);
    code.op(Wasm.i32And);
  }
  code.op(Wasm.i32Eqz);
  code.open(Wasm.if);
  pushFinite(to, format, result);
  if (kind === 'product' || kind === 'quotient') {
    pushNotNearUnderflow(to, format, result);
    const [a, b] = operands as [number, number];
    pushZero(to, format, a);
    code.op(Wasm.i32Or);
    if (kind === 'product') {
      pushZero(to, format, b);
      code.op(Wasm.i32Or);
    }
    code.op(Wasm.i32And);
  }
  for (const operand of operands) {
    pushOrdinary(to, format, operand);
    code.op(Wasm.i32And);
  }
  code.op(Wasm.i32Eqz);
  to.exits.stepIf();
  code.end();
}

/** The same for every element of vectors in temporaries; `result` is `undefined` where only the operands matter. */
export function requireOrdinaryVectors(
  to: RegionCode,
  { vector }: FloatFormat,
  kind: ResultKind,
  operands: readonly number[],
  result: number | undefined,
): void {
  const { code } = to;
  const compare = (value: number, bits: bigint, op: number): void => {
    code.get(value).simd(vector.abs).v128(bits).simd(op);
  };
  operands.forEach((operand, i) => {
    compare(operand, vector.minNormal, vector.ge);
    code.get(operand).v128(0n).simd(vector.eq).simd(Simd.or);
    if (i > 0) code.simd(Simd.and);
  });
  if (result !== undefined) {
    compare(result, vector.infinity, vector.lt);
    code.simd(Simd.and);
    if (kind === 'product' || kind === 'quotient') {
      const [a, b] = operands as [number, number];
      compare(result, vector.minNormal, vector.gt);
      code.get(a).v128(0n).simd(vector.eq).simd(Simd.or);
      if (kind === 'product') code.get(b).v128(0n).simd(vector.eq).simd(Simd.or);
      code.simd(Simd.and);
    }
  }
  code.simd(vector.allTrue).op(Wasm.i32Eqz);
  to.exits.stepIf();
}
