import type { OrdinaryElements } from '../../code/guest-vectors.js';
import type { RegionCode } from '../../code/region-code.js';
import { Simd } from '../../wasm/simd-instruction.js';
import { Wasm } from '../../wasm/wasm-op.js';
import { constant, type FloatFormat, type FloatOperand } from './float-format.js';
import { saveVector } from './vector-lowering.js';

/** Operands are ordinary if they are normal, zero or infinite: what SSE makes of others is the core's knowledge. */

/** Bits of an exponent in the upper half of a double and in a single; a one in its lowest place, doubled. */
const EXPONENT = { 4: 0x7f80_0000, 8: 0x7ff0_0000 } as const;
export const SMALLEST = { 4: 0x0100_0000, 8: 0x0020_0000 } as const;

/** Pushes a temporary's sign, exponent and what of its fraction goes into the same 32 bits. */
export function pushHead(to: RegionCode, { bytes }: FloatFormat, value: number): void {
  to.code.get(value);
  if (bytes === 4) to.code.op(Wasm.i32ReinterpretF32);
  else to.code.op(Wasm.i64ReinterpretF64).i64(32).op(Wasm.i64ShrU).op(Wasm.i32WrapI64);
}

/** Pushes whether a temporary is zero or denormal. */
export function pushSmall(to: RegionCode, format: FloatFormat, value: number): void {
  pushHead(to, format, value);
  to.code.i32(EXPONENT[format.bytes]).op(Wasm.i32And).op(Wasm.i32Eqz);
}

/** Those that code in front of here has not made sure of. */
export function unknown(to: RegionCode, operands: readonly FloatOperand[], elements: OrdinaryElements): FloatOperand[] {
  return operands.filter(({ register }) => register === undefined || !to.vectors.isOrdinary(register, elements));
}

export function note(to: RegionCode, operands: readonly FloatOperand[], elements: OrdinaryElements): void {
  for (const { register } of operands) if (register !== undefined) to.vectors.noteOrdinary(register, elements);
}

/** A temporary without its lanes' signs, in another. */
export function saveMagnitude(to: RegionCode, { magnitude }: FloatFormat['vector'], value: number): number {
  to.code.get(value);
  to.vectors.pushConstant(magnitude);
  to.code.simd(Simd.and);
  return saveVector(to);
}

/** Pushes lanes whose top bit tells that a magnitude is denormal, or the smallest normal number. */
export function pushDenormal(to: RegionCode, vector: FloatFormat['vector'], magnitude: number): void {
  const { code } = to;
  code.get(magnitude);
  to.vectors.pushConstant(vector.aboveSmallest);
  code.simd(vector.subtract);
  // Of zero, less one.
  code.get(magnitude).v128(-1n).simd(vector.add).simd(Simd.andNot);
}

/** Leaves the instruction to the interpreter unless values are normal, zero or infinite. */
export function requireOrdinary(to: RegionCode, format: FloatFormat, operands: readonly FloatOperand[]): void {
  const { code } = to;
  const open = unknown(to, operands, format.ordinary);
  if (open.length === 0) return;
  const smallest = SMALLEST[format.bytes];
  const settled = code.open(Wasm.block);
  const looking = code.open(Wasm.block);
  open.forEach(({ local }, index) => {
    // Normal, most likely.
    pushHead(to, format, local);
    code.i32(1).op(Wasm.i32Shl).i32(smallest).op(Wasm.i32Sub);
    code.i32(2 * EXPONENT[format.bytes] - smallest);
    if (index < open.length - 1) code.op(Wasm.i32GeU).brIf(looking, 'unlikely');
    else code.op(Wasm.i32LtU).brIf(settled, 'likely');
  });
  code.end();
  open.forEach(({ local }, index) => {
    pushOrdinary(to, format, local);
    if (index > 0) code.op(Wasm.i32And);
  });
  code.op(Wasm.i32Eqz);
  to.exits.stepIf();
  code.end();
  note(to, operands, format.ordinary);
}

function pushOrdinary({ code }: RegionCode, format: FloatFormat, value: number): void {
  code.get(value).op(format.abs);
  constant(code, format, format.minNormal);
  code.op(format.ge).get(value);
  constant(code, format, 0);
  code.op(format.eq).op(Wasm.i32Or);
}

/** The same for every element of vectors. */
export function requireOrdinaryVectors(to: RegionCode, format: FloatFormat, operands: readonly FloatOperand[]): void {
  const { code } = to;
  const { vector } = format;
  const open = unknown(to, operands, vector.ordinary);
  if (open.length === 0) return;
  open.forEach(({ local }, index) => {
    pushDenormal(to, vector, saveMagnitude(to, vector, local));
    // A NaN is not equal to itself.
    code.get(local).get(local).simd(vector.ne).simd(Simd.or);
    if (index > 0) code.simd(Simd.or);
  });
  code.simd(vector.bitmask);
  to.exits.stepIf();
  note(to, operands, vector.ordinary);
}
