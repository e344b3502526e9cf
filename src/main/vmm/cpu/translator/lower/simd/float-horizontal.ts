import { NATIVE_DIFFERENCE, NATIVE_SUM } from '../../../core/layout.js';
import { SimdOp } from '../../../core/opcodes/simd-op.js';
import { Simd } from '../../wasm/simd-instruction.js';
import type { Lowering } from '../lowering.js';
import {
  DOUBLE,
  SINGLE,
  storeOrdinaryVector,
  vectorDestination,
  vectorSource,
  type FloatFormat,
  type FloatOperand,
} from './float-format.js';
import { requireNativeResults } from './native-results.js';
import { saveVector, vector, type VectorLowerings } from './vector-lowering.js';

/** Bytes of the elements with even and with odd numbers of two vectors, one behind the other. */
function alternate(bytes: 4 | 8, odd: 0 | 1): number[] {
  const pairs = 32 / (2 * bytes);
  return Array.from({ length: pairs }, (_, pair) =>
    Array.from({ length: bytes }, (__, byte) => (2 * pair + odd) * bytes + byte),
  ).flat();
}

const unnamed = (local: number): FloatOperand => ({ local, register: undefined });

/** HADDPS … HSUBPD: neighbours in both operands, the destination's first. */
function horizontal(format: FloatFormat, kind: typeof NATIVE_SUM | typeof NATIVE_DIFFERENCE): Lowering {
  const { sum, difference } = format.vector;
  return vector((to, instruction) => {
    const { code } = to;
    const b = vectorSource(to, instruction).local;
    const a = vectorDestination(to, instruction).local;
    code.get(a).get(b).shuffle(alternate(format.bytes, 0));
    const even = saveVector(to);
    code.get(a).get(b).shuffle(alternate(format.bytes, 1));
    const odd = saveVector(to);
    code
      .get(even)
      .get(odd)
      .simd(kind === NATIVE_SUM ? sum : difference);
    const result = saveVector(to);
    requireNativeResults(to, format, kind, [unnamed(even), unnamed(odd)], result);
    storeOrdinaryVector(to, instruction, format, result);
  });
}

/** ADDSUBPS, ADDSUBPD: elements with even numbers are subtracted, which is to add them with the other sign. */
function alternating(format: FloatFormat): Lowering {
  const [low, high] = format.bytes === 4 ? [0x8000_0000n, 0x8000_0000n] : [1n << 63n, 0n];
  return vector((to, instruction) => {
    const { code } = to;
    code.get(vectorSource(to, instruction).local).v128(low!, high!).simd(Simd.xor);
    const b = saveVector(to);
    const a = vectorDestination(to, instruction);
    code.get(a.local).get(b).simd(format.vector.sum);
    const result = saveVector(to);
    requireNativeResults(to, format, NATIVE_SUM, [a, unnamed(b)], result);
    storeOrdinaryVector(to, instruction, format, result);
  });
}

export const FLOAT_HORIZONTAL: VectorLowerings = new Map<SimdOp, Lowering>([
  [SimdOp.HADDPS, horizontal(SINGLE, NATIVE_SUM)],
  [SimdOp.HADDPD, horizontal(DOUBLE, NATIVE_SUM)],
  [SimdOp.HSUBPS, horizontal(SINGLE, NATIVE_DIFFERENCE)],
  [SimdOp.HSUBPD, horizontal(DOUBLE, NATIVE_DIFFERENCE)],
  [SimdOp.ADDSUBPS, alternating(SINGLE)],
  [SimdOp.ADDSUBPD, alternating(DOUBLE)],
]);
