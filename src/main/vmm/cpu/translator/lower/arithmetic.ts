import { KIND_ADD, KIND_DEC, KIND_INC, KIND_SUB } from '../../core/layout.js';
import { operandWidth } from '../code/operands.js';
import type { RegionCode } from '../code/region-code.js';
import type { Decoded, OperandBytes } from '../decode/decoded.js';
import { Wasm } from '../wasm/wasm-op.js';
import { sets, type Lowering, type Lowerings } from './lowering.js';

/** ADD, SUB, CMP: `store` says whether the result is. */
function sum(group: typeof KIND_ADD | typeof KIND_SUB, store: boolean): Lowering {
  return {
    flags: sets,
    emit(to, instruction) {
      const bytes = operandWidth(instruction, 0);
      const place = store ? to.operands.place(instruction, 0) : undefined;
      if (place) to.operands.pushPlace(place, bytes);
      else to.operands.push(instruction, 0);
      const a = to.save(bytes);
      to.operands.push(instruction, 1);
      const b = to.save(bytes);
      if (place) {
        to.code.get(a).get(b);
        if (group === KIND_ADD) to.op(bytes, Wasm.i64Add, Wasm.i32Add);
        else to.op(bytes, Wasm.i64Sub, Wasm.i32Sub);
        const distance = instruction.operands[1]![0] === 'I' ? instruction.immediate : undefined;
        const result = to.save(bytes);
        if (distance === undefined) to.operands.store(place, bytes, result);
        else to.operands.storeSum(instruction, place, bytes, result, group === KIND_ADD ? distance : -distance);
      }
      keepOperands(to, group, bytes, a, b);
    },
  };
}

/** Flags of a sum or difference of two temporaries. */
export function keepOperands(
  to: RegionCode,
  group: typeof KIND_ADD | typeof KIND_SUB,
  bytes: OperandBytes,
  a: number,
  b: number,
): void {
  if (!to.flagsMatter) return;
  to.pushWide(a, bytes);
  to.pushWide(b, bytes);
  to.flags.takeOperands(group, bytes);
}

/** Flags of a result in a temporary, CF = OF = 0. */
export function keepResult(to: RegionCode, bytes: OperandBytes, result: number): void {
  if (!to.flagsMatter) return;
  to.pushWide(result, bytes);
  to.flags.takeResult(bytes);
}

/** AND, OR, XOR, TEST. */
function logic(wide: number, narrow: number, store: boolean): Lowering {
  return {
    flags: sets,
    emit(to, instruction) {
      const bytes = operandWidth(instruction, 0);
      const place = store ? to.operands.place(instruction, 0) : undefined;
      if (place) to.operands.pushPlace(place, bytes);
      else to.operands.push(instruction, 0);
      to.operands.push(instruction, 1);
      to.op(bytes, wide, narrow);
      const result = to.save(bytes);
      if (place) to.operands.store(place, bytes, result);
      keepResult(to, bytes, result);
    },
  };
}

function step(group: typeof KIND_INC | typeof KIND_DEC): Lowering {
  return {
    flags: () => 'steps',
    emit(to, instruction) {
      const bytes = operandWidth(instruction, 0);
      const place = to.operands.place(instruction, 0);
      to.operands.pushPlace(place, bytes);
      to.constant(bytes, 1);
      if (group === KIND_INC) to.op(bytes, Wasm.i64Add, Wasm.i32Add);
      else to.op(bytes, Wasm.i64Sub, Wasm.i32Sub);
      to.narrow(bytes);
      const result = to.save(bytes);
      to.operands.storeSum(instruction, place, bytes, result, group === KIND_INC ? 1 : -1);
      if (!to.flagsMatter) return;
      to.pushWide(result, bytes);
      to.flags.takeStep(group, bytes);
    },
  };
}

const negate: Lowering = {
  flags: sets,
  emit(to, instruction) {
    const bytes = operandWidth(instruction, 0);
    const place = to.operands.place(instruction, 0);
    to.constant(bytes, 0);
    const zero = to.save(bytes);
    to.operands.pushPlace(place, bytes);
    const value = to.save(bytes);
    to.code.get(zero).get(value);
    to.op(bytes, Wasm.i64Sub, Wasm.i32Sub);
    to.operands.store(place, bytes, to.save(bytes));
    keepOperands(to, KIND_SUB, bytes, zero, value);
  },
};

const complement: Lowering = {
  flags: () => 'keeps',
  emit(to, instruction) {
    const bytes = operandWidth(instruction, 0);
    const place = to.operands.place(instruction, 0);
    to.operands.pushPlace(place, bytes);
    to.constant(bytes, -1);
    to.op(bytes, Wasm.i64Xor, Wasm.i32Xor);
    to.operands.store(place, bytes, to.save(bytes));
  },
};

/** ADC, SBB. The carries out of each bit give CF, OF and AF, as in the core's alu.ts. */
function extended(add: boolean): Lowering {
  return {
    flags: () => 'extends',
    emit(to, instruction: Decoded) {
      const { code } = to;
      const bytes = operandWidth(instruction, 0);
      const place = to.operands.place(instruction, 0);
      to.operands.pushPlace(place, bytes);
      const a = to.save(bytes);
      to.operands.push(instruction, 1);
      const b = to.save(bytes);
      code.get(a).get(b);
      to.op(bytes, add ? Wasm.i64Add : Wasm.i64Sub, add ? Wasm.i32Add : Wasm.i32Sub);
      to.flags.pushCarry();
      if (bytes === 8) code.op(Wasm.i64ExtendI32U);
      to.op(bytes, add ? Wasm.i64Add : Wasm.i64Sub, add ? Wasm.i32Add : Wasm.i32Sub);
      to.narrow(bytes);
      const result = to.save(bytes);
      to.operands.store(place, bytes, result);
      if (to.flagsMatter) settleCarries(to, bytes, a, b, result, add);
    },
  };
}

const AUXILIARY = (1 << 31) | (1 << 30);
const ADJUST = 1 << 3;

function settleCarries(to: RegionCode, bytes: OperandBytes, a: number, b: number, result: number, add: boolean): void {
  const { code } = to;
  const and = (): void => to.op(bytes, Wasm.i64And, Wasm.i32And);
  const or = (): void => to.op(bytes, Wasm.i64Or, Wasm.i32Or);
  const not = (): void => {
    to.constant(bytes, -1);
    to.op(bytes, Wasm.i64Xor, Wasm.i32Xor);
  };
  // (x & b) | ((x | b) & y) with x = a, y = ~result for a sum and x = ~a, y = result for a difference.
  const x = (): void => {
    code.get(a);
    if (!add) not();
  };
  x();
  code.get(b);
  and();
  x();
  code.get(b);
  or();
  code.get(result);
  if (add) not();
  and();
  or();
  const carries = to.save(bytes);
  pushSigned(to, bytes, result);
  code.get(carries);
  if (bytes === 8) code.i64(32).op(Wasm.i64ShrU).op(Wasm.i32WrapI64);
  else if (bytes < 4) code.i32(32 - bytes * 8).op(Wasm.i32Shl);
  code.i32(AUXILIARY).op(Wasm.i32And).get(carries);
  if (bytes === 8) code.op(Wasm.i32WrapI64);
  code.i32(ADJUST).op(Wasm.i32And).op(Wasm.i32Or);
  to.flags.takeSettled();
}

/** Pushes a temporary sign-extended to i64. */
export function pushSigned(to: RegionCode, bytes: OperandBytes, local: number): void {
  to.code.get(local);
  if (bytes === 8) return;
  to.code.op(Wasm.i64ExtendI32U);
  to.code.op(bytes === 4 ? Wasm.i64Extend32S : bytes === 2 ? Wasm.i64Extend16S : Wasm.i64Extend8S);
}

export const ARITHMETIC: Lowerings = {
  add: sum(KIND_ADD, true),
  sub: sum(KIND_SUB, true),
  cmp: sum(KIND_SUB, false),
  and: logic(Wasm.i64And, Wasm.i32And, true),
  or: logic(Wasm.i64Or, Wasm.i32Or, true),
  xor: logic(Wasm.i64Xor, Wasm.i32Xor, true),
  test: logic(Wasm.i64And, Wasm.i32And, false),
  inc: step(KIND_INC),
  dec: step(KIND_DEC),
  neg: negate,
  not: complement,
  adc: extended(true),
  sbb: extended(false),
};
