import { generalOperand, operandWidth } from '../code/operands.js';
import type { RegionCode } from '../code/region-code.js';
import type { OperandBytes } from '../decode/decoded.js';
import { Wasm } from '../wasm/wasm-op.js';
import { keeps, type Lowering, type Lowerings } from './lowering.js';

const move: Lowering = {
  flags: keeps,
  // Offsets of 64 bits are rare.
  accepts: ({ operands, long, addressBytes }) =>
    !(long && addressBytes === 8 && operands.some((operand) => operand[0] === 'O')),
  emit(to, instruction) {
    const bytes = operandWidth(instruction, 0);
    to.operands.push(instruction, 1);
    const value = to.save(bytes);
    to.operands.store(to.operands.place(instruction, 0), bytes, value);
    const betweenRegisters = !instruction.memory && instruction.operands[1]![0] !== 'I';
    if (betweenRegisters && bytes === (instruction.long ? 8 : 4)) {
      const { values } = to.registers;
      values.set(generalOperand(instruction, 0).register, values.of(generalOperand(instruction, 1).register), 0);
    }
  },
};

/** MOVZX, MOVSX, MOVSXD. */
function extension(signed: boolean): Lowering {
  return {
    flags: keeps,
    emit(to, instruction) {
      const bytes = operandWidth(instruction, 0);
      const own = operandWidth(instruction, 1);
      to.operands.push(instruction, 1);
      widen(to, own, bytes, signed);
      to.operands.store(to.operands.place(instruction, 0), bytes, to.save(bytes));
    },
  };
}

function widen(to: RegionCode, from: OperandBytes, bytes: OperandBytes, signed: boolean): void {
  const { code } = to;
  if (from === 8) return;
  if (signed && from < 4) code.op(from === 1 ? Wasm.i32Extend8S : Wasm.i32Extend16S);
  if (bytes === 8) code.op(signed ? Wasm.i64ExtendI32S : Wasm.i64ExtendI32U);
  else to.narrow(bytes);
}

const lea: Lowering = {
  flags: keeps,
  emit(to, instruction) {
    const bytes = instruction.operandBytes;
    const { base, index, displacement } = instruction.memory!;
    const known = base === undefined || index !== undefined ? undefined : to.registers.values.of(base);
    to.memory.pushEffective(instruction);
    if (bytes !== 8) to.code.op(Wasm.i32WrapI64);
    to.narrow(bytes);
    to.operands.store(to.operands.place(instruction, 0), bytes, to.save(bytes));
    const natural = instruction.long ? 8 : 4;
    if (known && bytes === natural && instruction.addressBytes === natural)
      to.registers.values.set(generalOperand(instruction, 0).register, known, displacement);
  },
};

/** XCHG of registers, and NOP, which is one of them. */
const exchange: Lowering = {
  flags: keeps,
  accepts: ({ memory }) => memory === undefined,
  emit(to, instruction) {
    const bytes = operandWidth(instruction, 0);
    const first = to.operands.place(instruction, 0);
    const second = to.operands.place(instruction, 1);
    to.operands.pushPlace(first, bytes);
    const a = to.save(bytes);
    to.operands.pushPlace(second, bytes);
    const b = to.save(bytes);
    to.operands.store(first, bytes, b);
    to.operands.store(second, bytes, a);
  },
};

/** XCHG with the accumulator; 90 without REX.B does nothing at all. */
const exchangeAccumulator: Lowering = {
  flags: keeps,
  emit(to, instruction) {
    if (instruction.opcode === 0x90 && !(instruction.rex & 1)) return;
    exchange.emit(to, instruction);
  },
};

/** CBW, CWDE, CDQE. */
const convertAccumulator: Lowering = {
  flags: keeps,
  emit(to, { operandBytes }) {
    const { code } = to;
    to.registers.push64(0);
    code.op(operandBytes === 8 ? Wasm.i64Extend32S : operandBytes === 4 ? Wasm.i64Extend16S : Wasm.i64Extend8S);
    if (operandBytes !== 8) code.op(Wasm.i32WrapI64);
    to.registers.take({ register: 0, high: false }, operandBytes);
  },
};

/** CWD, CDQ, CQO. */
const convertToPair: Lowering = {
  flags: keeps,
  emit(to, { operandBytes }) {
    const { code } = to;
    to.registers.push64(0);
    if (operandBytes === 4) code.op(Wasm.i64Extend32S);
    else if (operandBytes === 2) code.op(Wasm.i64Extend16S);
    code.i64(63).op(Wasm.i64ShrS);
    if (operandBytes !== 8) code.op(Wasm.i32WrapI64);
    to.registers.take({ register: 2, high: false }, operandBytes);
  },
};

/** BSWAP of 32 and 64 bits: halves, quarters and bytes change places. */
const byteSwap: Lowering = {
  flags: keeps,
  accepts: ({ operandBytes }) => operandBytes >= 4,
  emit(to, instruction) {
    const { operandBytes: bytes } = instruction;
    const { code } = to;
    to.operands.push(instruction, 0);
    let value = to.save(bytes);
    if (bytes === 8) {
      for (const [mask, shift] of [
        [0x00ff00ff00ff00ffn, 8],
        [0x0000ffff0000ffffn, 16],
      ] as const) {
        code.get(value).i64(mask).op(Wasm.i64And).i64(shift).op(Wasm.i64Shl);
        code.get(value).i64(shift).op(Wasm.i64ShrU).i64(mask).op(Wasm.i64And).op(Wasm.i64Or);
        value = to.save(bytes);
      }
      code.get(value).i64(32).op(Wasm.i64Rotl);
    } else {
      code.get(value).i32(0x00ff00ff).op(Wasm.i32And).i32(8).op(Wasm.i32Rotr);
      code.get(value).i32(8).op(Wasm.i32Rotl).i32(0x00ff00ff).op(Wasm.i32And).op(Wasm.i32Or);
    }
    to.operands.store(to.operands.place(instruction, 0), bytes, to.save(bytes));
  },
};

export const MOVES: Lowerings = {
  'move': move,
  'zeroExtend': extension(false),
  'signExtend': extension(true),
  'lea': lea,
  'exchange': exchange,
  'exchangeAccumulator': exchangeAccumulator,
  'convertAccumulator': convertAccumulator,
  'convertToPair': convertToPair,
  'byteSwapRegister': byteSwap,
  // PAUSE, prefetches, fences, long NOPs: form `inline`.
  '': { flags: keeps, emit: () => undefined },
};
