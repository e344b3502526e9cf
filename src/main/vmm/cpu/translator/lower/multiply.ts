import { importIndex } from '../code/imports.js';
import { operandWidth } from '../code/operands.js';
import type { RegionCode } from '../code/region-code.js';
import type { OperandBytes } from '../decode/decoded.js';
import { Wasm } from '../wasm/wasm-op.js';
import { pushSigned } from './arithmetic.js';
import { always, keeps, sets, type Lowering, type Lowerings } from './lowering.js';

const CARRY_BIT = 31;

/** Flags of a product: CF = OF = whether it was cut off (i32 on the stack), the rest of the result. */
function settleProduct(to: RegionCode, bytes: OperandBytes, result: number): void {
  const lost = to.save(4);
  pushSigned(to, bytes, result);
  to.code.get(lost).i32(CARRY_BIT).op(Wasm.i32Shl);
  to.flags.takeSettled();
}

/** IMUL with two and three operands. */
const multiply: Lowering = {
  flags: sets,
  emit(to, instruction) {
    const { code } = to;
    const bytes = instruction.operandBytes;
    const [first, second] = instruction.operands.length === 3 ? [1, 2] : [0, 1];
    to.operands.push(instruction, first);
    const a = to.save(bytes);
    to.operands.push(instruction, second);
    const b = to.save(bytes);
    code.get(a).get(b);
    to.op(bytes, Wasm.i64Mul, Wasm.i32Mul);
    to.narrow(bytes);
    const result = to.save(bytes);
    to.operands.store(to.operands.place(instruction, 0), bytes, result);
    if (!to.flagsMatter) return;
    if (bytes === 8) {
      code.get(a).get(b).call(importIndex('mulHighSigned')).get(result).i64(63).op(Wasm.i64ShrS).op(Wasm.i64Ne);
    } else {
      pushSigned(to, bytes, a);
      pushSigned(to, bytes, b);
      code.op(Wasm.i64Mul);
      pushSigned(to, bytes, result);
      code.op(Wasm.i64Ne);
    }
    settleProduct(to, bytes, result);
  },
};

const RAX = { register: 0, high: false };
const RDX = { register: 2, high: false };

/** MUL and IMUL of the accumulator, 32 and 64 bits. */
function wideMultiply(signed: boolean): Lowering {
  return {
    flags: sets,
    accepts: ({ operandBytes }) => operandBytes >= 4,
    emit(to, instruction) {
      const { code } = to;
      const bytes = instruction.operandBytes;
      to.operands.push(instruction, 0);
      const b = to.save(bytes);
      to.registers.push(RAX, bytes);
      const a = to.save(bytes);
      if (bytes === 8) {
        code
          .get(a)
          .get(b)
          .call(importIndex(signed ? 'mulHighSigned' : 'mulHigh'));
        const high = to.save(8);
        code.get(a).get(b).op(Wasm.i64Mul);
        const low = to.save(8);
        code.get(low);
        to.registers.take64(0);
        code.get(high);
        to.registers.take64(2);
        if (!to.flagsMatter) return;
        code.get(high);
        if (signed) code.get(low).i64(63).op(Wasm.i64ShrS).op(Wasm.i64Ne);
        else code.i64(0).op(Wasm.i64Ne);
        settleProduct(to, 8, low);
        return;
      }
      code
        .get(a)
        .op(signed ? Wasm.i64ExtendI32S : Wasm.i64ExtendI32U)
        .get(b)
        .op(signed ? Wasm.i64ExtendI32S : Wasm.i64ExtendI32U);
      code.op(Wasm.i64Mul);
      const product = to.save(8);
      code.get(product).op(Wasm.i32WrapI64);
      const low = to.save(4);
      code.get(low);
      to.registers.take(RAX, 4);
      code.get(product).i64(32).op(Wasm.i64ShrU).op(Wasm.i32WrapI64);
      to.registers.take(RDX, 4);
      if (!to.flagsMatter) return;
      code.get(product);
      if (signed) code.get(product).op(Wasm.i64Extend32S).op(Wasm.i64Ne);
      else code.i64(32).op(Wasm.i64ShrU).i64(0).op(Wasm.i64Ne);
      settleProduct(to, 4, low);
    },
  };
}

/** DIV, IDIV of 32 bits, and of 64 bits where the dividend is one number of 64; #DE is the interpreter's. */
function divide(signed: boolean): Lowering {
  return {
    flags: keeps,
    leaves: always,
    accepts: ({ operandBytes }) => operandBytes >= 4,
    emit(to, instruction) {
      if (operandWidth(instruction, 0) === 8) divide64(to, signed, () => to.operands.push(instruction, 0));
      else divide32(to, signed, () => to.operands.push(instruction, 0));
    },
  };
}

function divide64(to: RegionCode, signed: boolean, push: () => void): void {
  const { code } = to;
  push();
  const divisor = to.save(8);
  // Wide dividends, zero, and -1, which may overflow.
  to.registers.push64(2);
  if (signed) {
    to.registers.push64(0);
    code.i64(63).op(Wasm.i64ShrS);
  } else code.i64(0);
  code.op(Wasm.i64Ne);
  code.get(divisor).op(Wasm.i64Eqz).op(Wasm.i32Or);
  if (signed) code.get(divisor).i64(-1).op(Wasm.i64Eq).op(Wasm.i32Or);
  to.exits.stepIf();
  to.registers.push64(0);
  const dividend = to.save(8);
  code
    .get(dividend)
    .get(divisor)
    .op(signed ? Wasm.i64DivS : Wasm.i64DivU);
  to.registers.take64(0);
  code
    .get(dividend)
    .get(divisor)
    .op(signed ? Wasm.i64RemS : Wasm.i64RemU);
  to.registers.take64(2);
}

function divide32(to: RegionCode, signed: boolean, push: () => void): void {
  const { code } = to;
  const extend = signed ? Wasm.i64ExtendI32S : Wasm.i64ExtendI32U;
  push();
  code.op(extend);
  const divisor = to.save(8);
  to.registers.push64(2);
  code.i64(32).op(Wasm.i64Shl);
  to.registers.push(RAX, 4);
  code.op(Wasm.i64ExtendI32U).op(Wasm.i64Or);
  const dividend = to.save(8);
  code.get(divisor).op(Wasm.i64Eqz);
  if (signed) code.get(divisor).i64(-1).op(Wasm.i64Eq).op(Wasm.i32Or);
  to.exits.stepIf();
  code
    .get(dividend)
    .get(divisor)
    .op(signed ? Wasm.i64DivS : Wasm.i64DivU);
  const quotient = to.save(8);
  code.get(quotient).get(quotient);
  if (signed) code.op(Wasm.i64Extend32S);
  else code.i64(0xffff_ffff).op(Wasm.i64And);
  code.op(Wasm.i64Ne);
  to.exits.stepIf();
  code
    .get(dividend)
    .get(divisor)
    .op(signed ? Wasm.i64RemS : Wasm.i64RemU)
    .op(Wasm.i32WrapI64);
  to.registers.take(RDX, 4);
  code.get(quotient).op(Wasm.i32WrapI64);
  to.registers.take(RAX, 4);
}

export const MULTIPLICATION: Lowerings = {
  imul: multiply,
  multiply: wideMultiply(false),
  multiplySigned: wideMultiply(true),
  divide: divide(false),
  divideSigned: divide(true),
};
