import type { RegionCode } from '../code/region-code.js';
import { FLAGS_B } from '../code/region-locals.js';
import type { Decoded, OperandBytes } from '../decode/decoded.js';
import { Wasm } from '../wasm/wasm-op.js';
import type { BitChange } from './bit-memory.js';
import { sets, type Lowering, type Lowerings } from './lowering.js';
import { mergeCarries } from './shift.js';

/** CF replaced by a temporary (0 or 1), OF and the others kept. */
export function mergeCarry(to: RegionCode, carry: number): void {
  const { code } = to;
  to.flags.settle();
  // CF ^ OF with the new CF: the old one, flipped where CF changes.
  code.get(FLAGS_B).i64(30).op(Wasm.i64ShrU).op(Wasm.i32WrapI64);
  const old = to.save(4);
  code.get(old).get(old).i32(1).op(Wasm.i32ShrU).op(Wasm.i32Xor).get(carry).op(Wasm.i32Xor).i32(1).op(Wasm.i32And);
  mergeCarries(to, carry, to.save(4));
}

/** BT, BTS, BTR, BTC of registers. */
function bitTest(change: BitChange, constant: boolean): Lowering {
  return {
    flags: () => 'merges',
    accepts: ({ operandBytes }) => operandBytes >= 4,
    emit(to, instruction) {
      const { code } = to;
      const bytes = instruction.operandBytes;
      to.operands.push(instruction, 0);
      const value = to.save(bytes);
      if (constant) to.constant(bytes, instruction.immediate & (bytes * 8 - 1));
      else {
        to.operands.push(instruction, 1);
        to.constant(bytes, bytes * 8 - 1);
        to.op(bytes, Wasm.i64And, Wasm.i32And);
      }
      const index = to.save(bytes);
      code.get(value).get(index);
      to.op(bytes, Wasm.i64ShrU, Wasm.i32ShrU);
      if (bytes === 8) code.op(Wasm.i32WrapI64);
      code.i32(1).op(Wasm.i32And);
      const carry = to.save(4);
      if (change !== 'none') storeChanged(to, instruction, change, bytes, value, index);
      if (to.flagsMatter) mergeCarry(to, carry);
    },
  };
}

function storeChanged(
  to: RegionCode,
  instruction: Decoded,
  change: BitChange,
  bytes: OperandBytes,
  value: number,
  index: number,
): void {
  const { code } = to;
  code.get(value);
  to.constant(bytes, 1);
  code.get(index);
  to.op(bytes, Wasm.i64Shl, Wasm.i32Shl);
  if (change === 'reset') {
    to.constant(bytes, -1);
    to.op(bytes, Wasm.i64Xor, Wasm.i32Xor);
    to.op(bytes, Wasm.i64And, Wasm.i32And);
  } else if (change === 'set') to.op(bytes, Wasm.i64Or, Wasm.i32Or);
  else to.op(bytes, Wasm.i64Xor, Wasm.i32Xor);
  to.operands.store(to.operands.place(instruction, 0), bytes, to.save(bytes));
}

/** BSF, BSR: a source of zero leaves the destination alone, as processors do. */
function scan(reverse: boolean): Lowering {
  return {
    flags: sets,
    accepts: ({ operandBytes }) => operandBytes >= 4,
    emit(to, instruction) {
      const { code } = to;
      const bytes = instruction.operandBytes;
      to.operands.push(instruction, 1);
      const value = to.save(bytes);
      code.get(value);
      to.constant(bytes, 0);
      to.op(bytes, Wasm.i64Ne, Wasm.i32Ne);
      code.open(Wasm.if);
      if (reverse) {
        to.constant(bytes, bytes * 8 - 1);
        code.get(value);
        to.op(bytes, Wasm.i64Clz, Wasm.i32Clz);
        to.op(bytes, Wasm.i64Sub, Wasm.i32Sub);
      } else {
        code.get(value);
        to.op(bytes, Wasm.i64Ctz, Wasm.i32Ctz);
      }
      to.operands.store(to.operands.place(instruction, 0), bytes, to.save(bytes));
      code.end();
      if (!to.flagsMatter) return;
      to.pushWide(value, bytes);
      to.flags.takeResult(bytes);
    },
  };
}

/** POPCNT: ZF by the source, the other flags cleared: bit 8 of the word of carries turns the parity of a zero. */
const populationCount: Lowering = {
  flags: sets,
  accepts: ({ operandBytes }) => operandBytes >= 4,
  emit(to, instruction) {
    const { code } = to;
    const bytes = instruction.operandBytes;
    to.operands.push(instruction, 1);
    const value = to.save(bytes);
    code.get(value);
    to.op(bytes, Wasm.i64Popcnt, Wasm.i32Popcnt);
    to.operands.store(to.operands.place(instruction, 0), bytes, to.save(bytes));
    if (!to.flagsMatter) return;
    code.get(value);
    to.op(bytes, Wasm.i64Eqz, Wasm.i32Eqz);
    const zero = to.save(4);
    code.get(zero).op(Wasm.i32Eqz).op(Wasm.i64ExtendI32U);
    code.get(zero).i32(8).op(Wasm.i32Shl);
    to.flags.takeSettled();
  },
};

/** CLC, STC, CMC. */
function carryFlag(kind: 'clear' | 'set' | 'complement'): Lowering {
  return {
    flags: () => 'merges',
    emit(to) {
      if (!to.flagsMatter) return;
      if (kind === 'complement') {
        to.flags.pushCarry();
        to.code.op(Wasm.i32Eqz);
      } else to.code.i32(kind === 'set' ? 1 : 0);
      mergeCarry(to, to.save(4));
    },
  };
}

export const BITS: Lowerings = {
  'bitTest': bitTest('none', false),
  'bitSet': bitTest('set', false),
  'bitReset': bitTest('reset', false),
  'bitComplement': bitTest('complement', false),
  'bitTestImmediate': bitTest('none', true),
  'bitSetImmediate': bitTest('set', true),
  'bitResetImmediate': bitTest('reset', true),
  'bitComplementImmediate': bitTest('complement', true),
  'bitScanForward': scan(false),
  'bitScanReverse': scan(true),
  'populationCount': populationCount,
  'clearCarry!': carryFlag('clear'),
  'setCarry!': carryFlag('set'),
  'complementCarry!': carryFlag('complement'),
};
