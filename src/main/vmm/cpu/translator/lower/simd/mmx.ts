import { SimdOp } from '../../../core/opcodes/simd-op.js';
import { FP_X87_CELLS } from '../../../core/layout.js';
import type { RegionCode } from '../../code/region-code.js';
import { generalOperand } from '../../code/operands.js';
import type { Decoded } from '../../decode/decoded.js';
import { Simd } from '../../wasm/simd-instruction.js';
import { Wasm } from '../../wasm/wasm-op.js';
import { always, keeps, type Lowering } from '../lowering.js';
import { DIRECT_INTEGER } from './packed-integer.js';
import { IMMEDIATE_SHIFTS, pushShifted, pushShiftedByImmediate, REGISTER_SHIFTS } from './shift.js';
import { byteOf, saveVector, type VectorLowerings } from './vector-lowering.js';

/**
 * MMX: the significands of the x87 registers, whatever TOP is. Each instruction makes TOP 0 and every register valid,
 * and its destination's sign and exponent all ones (SDM vol. 1, 9.5).
 */

const EXPONENT_OF_MMX = 0xffff;

const mmReg = ({ modrm }: Decoded): number => (modrm >> 3) & 7;
const mmRm = ({ modrm }: Decoded): number => modrm & 7;
const cell = (register: number): number => FP_X87_CELLS + register * 16;

/** An instruction on MMX registers. `emit` may leave before it calls `to.x87.enterMmx`, which it must. */
const mmx = (emit: Lowering['emit']): Lowering => ({
  flags: keeps,
  leaves: always,
  emit(to, instruction) {
    to.x87.beginMmx();
    emit(to, instruction);
  },
});

function push(to: RegionCode, register: number): void {
  to.code.i32(0).simdMemory(Simd.load64Zero, cell(register));
}

/** Takes the low half of a vector on the stack to a register. */
function take(to: RegionCode, register: number): void {
  const value = saveVector(to);
  to.code.i32(0).get(value).simdLane(Simd.i64x2Extract, 0).memory(Wasm.i64Store, cell(register));
  to.code
    .i32(0)
    .i64(EXPONENT_OF_MMX)
    .memory(Wasm.i64Store, cell(register) + 8);
}

function pushSource(to: RegionCode, instruction: Decoded): void {
  if (!instruction.memory) return push(to, mmRm(instruction));
  to.memory.pushReadPointer(to.memory.linear(instruction, 8, 'read'), 8);
  to.code.simdMemory(Simd.load64Zero, 0);
}

/** destination = combine(destination, source), both in temporaries; the result is left on the stack. */
const binary = (combine: (to: RegionCode, a: number, b: number) => void): Lowering =>
  mmx((to, instruction) => {
    pushSource(to, instruction);
    const b = saveVector(to);
    to.x87.enterMmx();
    push(to, mmReg(instruction));
    combine(to, saveVector(to), b);
    take(to, mmReg(instruction));
  });

/** Takes the i64 on the stack to a register. */
function takeLong(to: RegionCode, register: number): void {
  const value = to.save(8);
  to.code.i32(0).get(value).memory(Wasm.i64Store, cell(register));
  to.code
    .i32(0)
    .i64(EXPONENT_OF_MMX)
    .memory(Wasm.i64Store, cell(register) + 8);
}

/** MOVQ, MOVD: to a register. */
function moveTo(to: RegionCode, instruction: Decoded): void {
  const { code } = to;
  if (instruction.operands[1] === 'Q') {
    if (instruction.memory) {
      to.memory.pushReadPointer(to.memory.linear(instruction, 8, 'read'), 8);
      code.memory(Wasm.i64Load);
    } else code.i32(0).memory(Wasm.i64Load, cell(mmRm(instruction)));
  } else {
    to.operands.push(instruction, 1);
    if (instruction.operandBytes !== 8) code.op(Wasm.i64ExtendI32U);
  }
  const value = to.save(8);
  to.x87.enterMmx();
  code.get(value);
  takeLong(to, mmReg(instruction));
}

/** MOVQ, MOVNTQ, MOVD: from a register. */
function moveFrom(to: RegionCode, instruction: Decoded): void {
  const { code } = to;
  const bytes = instruction.operands[0] === 'Ey' && instruction.operandBytes !== 8 ? 4 : 8;
  const source = cell(mmReg(instruction));
  if (instruction.memory) {
    to.memory.pushWritePointer(to.memory.linear(instruction, bytes, 'write'), bytes);
    code
      .i32(0)
      .memory(Wasm.i64Load, source)
      .memory(bytes === 8 ? Wasm.i64Store : Wasm.i64Store32);
    to.x87.enterMmx();
    return;
  }
  to.x87.enterMmx();
  code.i32(0).memory(bytes === 8 ? Wasm.i64Load : Wasm.i32Load, source);
  if (instruction.operands[0] === 'Q') takeLong(to, mmRm(instruction));
  else to.registers.take(generalOperand(instruction, 0), bytes);
}

const move = mmx((to, instruction) => {
  if (instruction.operands[1] === 'P') moveFrom(to, instruction);
  else moveTo(to, instruction);
});

const leaveMmx = mmx((to) => to.x87.leaveMmx());

/** Operations whose 64-bit form is not the low half of the 128-bit one, which is made of the first operand alone. */
const PACKS: readonly SimdOp[] = [SimdOp.PACKSSWB, SimdOp.PACKUSWB, SimdOp.PACKSSDW, SimdOp.PACKUSDW];

/** The low halves of two vectors, as one. */
const LOW_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** Both operands are packed as the two halves of one. */
const pack = (narrow: number): Lowering =>
  binary((to, a, b) => {
    to.code.get(a).get(b).shuffle(LOW_HALVES);
    const both = saveVector(to);
    to.code.get(both).get(both).simd(narrow);
  });

const andNot = binary(({ code }, a, b) => {
  code.get(b).get(a).simd(Simd.andNot);
});

/** Lowerings of instructions on MMX registers by their SimdOp. */
export const MMX_LOWERINGS: VectorLowerings = new Map<SimdOp, Lowering>([
  [SimdOp.MOVQ, { ...move, accepts: ({ operands }) => !operands.some((operand) => 'VWUN'.includes(operand)) }],
  [SimdOp.EMMS, leaveMmx],
  [SimdOp.PANDN, andNot],
  ...DIRECT_INTEGER.map(
    ([op, own]) =>
      [op, PACKS.includes(op) ? pack(own) : binary(({ code }, a, b) => void code.get(a).get(b).simd(own))] as const,
  ),
  ...REGISTER_SHIFTS.map(([op, shift]) => [op, binary((to, a, b) => pushShifted(to, shift, a, b))] as const),
  ...IMMEDIATE_SHIFTS.map(
    ([op, shift]) =>
      [
        op,
        mmx((to, instruction) => {
          to.x87.enterMmx();
          pushShiftedByImmediate(to, shift, byteOf(instruction), () => push(to, mmRm(instruction)));
          take(to, mmRm(instruction));
        }),
      ] as const,
  ),
]);

/** Whether an instruction has an MMX register for an operand, or is EMMS. */
export function concernsMmx({ row, operands }: Decoded): boolean {
  return row.family === 'simd' && (row.op === SimdOp.EMMS || operands.some((operand) => 'PQN'.includes(operand)));
}
