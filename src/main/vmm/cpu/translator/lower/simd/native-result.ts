import { NATIVE_DIFFERENCE, NATIVE_LEAVE, NATIVE_PRODUCT, NATIVE_SUM } from '../../../core/layout.js';
import { importIndex } from '../../code/imports.js';
import type { RegionCode } from '../../code/region-code.js';
import { Wasm } from '../../wasm/wasm-op.js';
import { constant, type FloatFormat, type FloatOperand } from './float-format.js';
import { note, pushHead, pushSmall, SMALLEST, unknown } from './ordinary.js';

/**
 * Where WebAssembly's arithmetic is SSE's. The usual case is made sure of here: operands normal or infinite, the result
 * normal and not next to underflow, MXCSR such that nothing can change it (code/float-thresholds.ts). About all else the
 * core is asked (assembly/simd/native-result.ts): it also takes zeros, and sets PE for a result that is inexact. What it
 * refuses is left to the interpreter before anything has changed.
 */

/** In temporaries. */
type Values = readonly [a: number, b: number, result: number];

/** Pushes a temporary's distance from the smallest normal number, as 32 bits: below NATIVE_THRESHOLD_* if it is normal. */
function pushMeasure(to: RegionCode, format: FloatFormat, value: number): void {
  pushHead(to, format, value);
  to.code
    .i32(1)
    .op(Wasm.i32Shl)
    .i32(SMALLEST[format.bytes] + 1)
    .op(Wasm.i32Sub);
}

/** Takes the core's answer, the threshold from now on. */
export function takeThreshold(to: RegionCode, threshold: number): void {
  to.code.tee(to.thresholds.local(threshold)).i32(NATIVE_LEAVE).op(Wasm.i32Eq);
  to.exits.stepIf();
}

/** Leaves the instruction to the interpreter unless a result (of a NATIVE_* kind, in a temporary) is SSE's. */
export function requireNativeResult(
  to: RegionCode,
  format: FloatFormat,
  kind: number,
  [a, b]: readonly [FloatOperand, FloatOperand],
  result: number,
): void {
  const { code } = to;
  const operands = a === b ? [a] : [a, b];
  const open = unknown(to, operands, format.ordinary);
  const settled = code.open(Wasm.block);
  const looking = code.open(Wasm.block);
  for (const { local } of open) {
    pushSmall(to, format, local);
    code.brIf(looking);
  }
  pushMeasure(to, format, result);
  code.get(to.thresholds.local(format.threshold)).op(Wasm.i32LtU).brIf(settled);
  code.end();
  if (kind === NATIVE_SUM || kind === NATIVE_DIFFERENCE || kind === NATIVE_PRODUCT) {
    const asking = code.open(Wasm.block);
    const values: Values = [a.local, b.local, result];
    for (const { local } of open) {
      pushDenormal(to, format, local);
      code.brIf(asking, 'unlikely');
    }
    pushResultInDoubt(to, format, kind, values);
    code.brIf(asking, 'unlikely');
    code.get(to.thresholds.local(format.threshold)).brIf(settled);
    code.get(to.thresholds.watching()).brIf(asking, 'unlikely');
    pushExact(to, format, kind, values);
    code.brIf(settled, 'likely');
    code.end();
  }
  code.i32(kind).get(a.local).get(b.local).get(result).call(importIndex(format.settle));
  takeThreshold(to, format.threshold);
  code.end();
  note(to, operands, format.ordinary);
}

/** Pushes a temporary's bits without the sign, shifted left by one. */
function pushDoubled({ code }: RegionCode, { bytes }: FloatFormat, value: number): void {
  code.get(value);
  if (bytes === 4) code.op(Wasm.i32ReinterpretF32).i32(1).op(Wasm.i32Shl);
  else code.op(Wasm.i64ReinterpretF64).i64(1).op(Wasm.i64Shl);
}

/** Pushes whether a temporary is denormal. */
function pushDenormal(to: RegionCode, format: FloatFormat, value: number): void {
  pushDoubled(to, format, value);
  // Zero, less one, is the largest of all.
  if (format.bytes === 4)
    to.code
      .i32(1)
      .op(Wasm.i32Sub)
      .i32(Number(format.doubledSmallest) - 1)
      .op(Wasm.i32LtU);
  else
    to.code
      .i64(1)
      .op(Wasm.i64Sub)
      .i64(format.doubledSmallest - 1n)
      .op(Wasm.i64LtU);
}

/** Pushes whether a result is not finite, or small but for reasons that show in the operands. */
function pushResultInDoubt(to: RegionCode, format: FloatFormat, kind: number, [a, b, result]: Values): void {
  const { code } = to;
  const { bytes, doubledSmallest, doubledInfinity } = format;
  const integer = bytes === 4 ? { add: Wasm.i32Add, ge: Wasm.i32GeU } : { add: Wasm.i64Add, ge: Wasm.i64GeU };
  const push = (value: bigint): unknown =>
    bytes === 4 ? code.i32(Number(value) | 0) : code.i64(BigInt.asIntN(64, value));
  pushDoubled(to, format, result);
  if (kind !== NATIVE_PRODUCT) {
    // A sum is zero only if it is exact.
    push(doubledInfinity);
    code.op(integer.ge);
    pushDenormal(to, format, result);
    code.op(Wasm.i32Or);
    return;
  }
  // Where an operand is zero, the smallest normal number takes the place of a result that is zero too.
  push(0n);
  push(-doubledSmallest);
  for (const operand of [a, b]) {
    code.get(operand);
    constant(code, format, 0);
    code.op(format.eq);
  }
  code.op(Wasm.i32Or).op(Wasm.select).op(integer.add);
  push(doubledInfinity - doubledSmallest);
  code.op(integer.ge);
}

/** Pushes whether a result is exact, as far as that is quick: each term is the sum less the other, or fractions are short. */
function pushExact({ code }: RegionCode, format: FloatFormat, kind: number, [a, b, result]: Values): void {
  const { sum, difference, eq } = format;
  switch (kind) {
    case NATIVE_SUM:
      code.get(result).get(a).op(difference).get(b).op(eq);
      code.get(result).get(b).op(difference).get(a).op(eq).op(Wasm.i32And);
      return;
    case NATIVE_DIFFERENCE:
      code.get(a).get(result).op(difference).get(b).op(eq);
      code.get(result).get(b).op(sum).get(a).op(eq).op(Wasm.i32And);
      return;
    default:
      if (format.bytes === 4) {
        code.get(a).op(Wasm.i32ReinterpretF32).get(b).op(Wasm.i32ReinterpretF32).op(Wasm.i32Or);
      } else {
        code.get(a).op(Wasm.i64ReinterpretF64).get(b).op(Wasm.i64ReinterpretF64).op(Wasm.i64Or).op(Wasm.i32WrapI64);
      }
      code.i32(Number(format.lowerHalf)).op(Wasm.i32And).op(Wasm.i32Eqz);
  }
}

/**
 * Leaves a conversion or rounding to the interpreter unless MXCSR is such that it is WebAssembly's, and sets PE if it is
 * inexact.
 * @param pushExact pushes whether it is exact
 */
export function requireNativeRounding(to: RegionCode, threshold: number, pushExact: () => void): void {
  const { code } = to;
  code.get(to.thresholds.local(threshold)).op(Wasm.i32Eqz);
  code.openIf('unlikely');
  pushExact();
  code.i32(threshold).call(importIndex('settleExactness'));
  takeThreshold(to, threshold);
  code.end();
}
