import { NATIVE_LEAVE } from '../../../core/layout.js';
import { importIndex } from '../../code/imports.js';
import type { RegionCode } from '../../code/region-code.js';
import { Wasm } from '../../wasm/wasm-op.js';
import type { FloatFormat, FloatOperand } from './float-format.js';
import { note, pushHead, pushSmall, SMALLEST, unknown } from './ordinary.js';

/**
 * Where WebAssembly's arithmetic is SSE's. The usual case is made sure of here: operands normal or infinite, the result
 * normal and not next to underflow, MXCSR such that nothing can change it (code/float-thresholds.ts). About all else the
 * core is asked (assembly/simd/native-result.ts): it also takes zeros, and sets PE for a result that is inexact. What it
 * refuses is left to the interpreter before anything has changed.
 */

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
  const settled = code.open(Wasm.block);
  const asking = code.open(Wasm.block);
  for (const { local } of unknown(to, operands, format.ordinary)) {
    pushSmall(to, format, local);
    code.brIf(asking, 'unlikely');
  }
  pushMeasure(to, format, result);
  code.get(to.thresholds.local(format.threshold)).op(Wasm.i32LtU).brIf(settled, 'likely');
  code.end();
  code.i32(kind).get(a.local).get(b.local).get(result).call(importIndex(format.settle));
  takeThreshold(to, format.threshold);
  code.end();
  note(to, operands, format.ordinary);
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
