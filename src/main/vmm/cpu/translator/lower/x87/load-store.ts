import { X87Op } from '../../../core/opcodes/x87-op.js';
import { importIndex } from '../../code/imports.js';
import type { RegionCode } from '../../code/region-code.js';
import type { ExtendedValue } from '../../code/x87-stack.js';
import { Wasm } from '../../wasm/wasm-op.js';
import type { Decoded } from '../../decode/decoded.js';
import type { Lowering } from '../lowering.js';
import {
  DOUBLE, EXTENDED, INTEGER16, INTEGER32, INTEGER64, readOperand, SINGLE, type MemoryFormat,
} from './memory-operand.js'; // prettier-ignore
import { pushValue, stackIndex, x87, type X87Lowerings } from './x87-lowering.js';

/** Copies a value to ST(i). */
function assign(to: RegionCode, i: number, { significand, signExponent }: ExtendedValue): void {
  const target = to.x87.write(i);
  to.code.get(significand).set(target.significand);
  to.code.get(signExponent).set(target.signExponent);
}

const load = (format: MemoryFormat): Lowering =>
  x87((to, instruction) => {
    to.x87.requireRoom();
    const value = readOperand(to, instruction, format);
    to.x87.push();
    assign(to, 0, value);
  });

const loadStack = x87((to, instruction) => {
  const value = to.x87.read(stackIndex(instruction));
  to.x87.requireRoom();
  to.x87.push();
  assign(to, 0, value);
});

const loadConstant = (significand: bigint, signExponent: number): Lowering =>
  x87((to) => {
    to.x87.requireRoom();
    to.x87.push();
    const value = to.x87.write(0);
    to.code.i64(significand).set(value.significand).i32(signExponent).set(value.signExponent);
  });

/** FST(P), FIST(P), FISTTP to memory: `convert` takes ST(0) and the pointer, both in locals, and stores. */
const store = (
  bytes: MemoryFormat['bytes'],
  pops: boolean,
  convert: (to: RegionCode, value: ExtendedValue, pointer: number) => void,
): Lowering =>
  x87((to, instruction: Decoded) => {
    const value = to.x87.read(0);
    to.x87.pushOperandPointer(instruction, bytes, 'write');
    convert(to, value, to.save(4));
    if (pops) to.x87.pop();
  });

const storeSingle = (pops: boolean): Lowering =>
  store(4, pops, (to, value, pointer) => {
    to.code.get(pointer);
    pushValue(to, value);
    to.code.call(importIndex('x87ToSingle')).memory(Wasm.i32Store);
    to.x87.c1IsStored();
  });

const storeDouble = (pops: boolean): Lowering =>
  store(8, pops, (to, value, pointer) => {
    to.code.get(pointer);
    pushValue(to, value);
    to.code.call(importIndex('x87ToDouble')).memory(Wasm.i64Store);
    to.x87.c1IsStored();
  });

const storeExtended = store(10, true, (to, { significand, signExponent }, pointer) => {
  to.code.get(pointer).get(significand).memory(Wasm.i64Store);
  to.code.get(pointer).get(signExponent).memory(Wasm.i32Store16, 8);
  to.x87.clearC1();
});

const INTEGER_STORES = { 2: Wasm.i64Store16, 4: Wasm.i64Store32, 8: Wasm.i64Store } as const;

const storeInteger = (bytes: 2 | 4 | 8, pops: boolean, truncates = false): Lowering =>
  store(bytes, pops, (to, value, pointer) => {
    to.code.get(pointer);
    pushValue(to, value);
    to.code.i32(bytes * 8).i32(truncates ? 1 : 0);
    to.code.call(importIndex('x87ToInteger')).memory(INTEGER_STORES[bytes]);
    to.x87.c1IsStored();
  });

const storeStack = (pops: boolean): Lowering =>
  x87((to, instruction) => {
    const i = stackIndex(instruction);
    const value = to.x87.read(0);
    if (i !== 0) assign(to, i, value);
    to.x87.clearC1();
    if (pops) to.x87.pop();
  });

const exchange = x87((to, instruction) => {
  const i = stackIndex(instruction);
  to.x87.requireValid(0);
  to.x87.requireValid(i);
  to.x87.exchange(i);
});

const changeSign = (op: number, mask: number): Lowering =>
  x87((to) => {
    to.x87.read(0);
    const { signExponent } = to.x87.write(0);
    to.code.get(signExponent).i32(mask).op(op).set(signExponent);
    to.x87.clearC1();
  });

/** FCMOVcc by the condition's code. */
const moveIf = (condition: number): Lowering =>
  x87(
    (to, instruction) => {
      const { code } = to;
      to.x87.requireValid(0);
      const source = to.x87.read(stackIndex(instruction));
      to.x87.read(0);
      to.flags.pushCondition(condition);
      const chosen = to.save(4);
      const target = to.x87.write(0);
      code.get(source.significand).get(target.significand).get(chosen).op(Wasm.select).set(target.significand);
      code.get(source.signExponent).get(target.signExponent).get(chosen).op(Wasm.select).set(target.signExponent);
    },
    () => 'tests',
  );

const ONE_SIGNIFICAND = -(1n << 63n);
const BIAS = 0x3fff;

export const X87_MOVES: X87Lowerings = new Map<X87Op, Lowering>([
  [X87Op.FLD_M32, load(SINGLE)],
  [X87Op.FLD_M64, load(DOUBLE)],
  [X87Op.FLD_M80, load(EXTENDED)],
  [X87Op.FILD_I16, load(INTEGER16)],
  [X87Op.FILD_I32, load(INTEGER32)],
  [X87Op.FILD_I64, load(INTEGER64)],
  [X87Op.FLD_STI, loadStack],
  [X87Op.FLD1, loadConstant(ONE_SIGNIFICAND, BIAS)],
  [X87Op.FLDZ, loadConstant(0n, 0)],
  [X87Op.FST_M32, storeSingle(false)],
  [X87Op.FSTP_M32, storeSingle(true)],
  [X87Op.FST_M64, storeDouble(false)],
  [X87Op.FSTP_M64, storeDouble(true)],
  [X87Op.FSTP_M80, storeExtended],
  [X87Op.FST_STI, storeStack(false)],
  [X87Op.FSTP_STI, storeStack(true)],
  [X87Op.FIST_I16, storeInteger(2, false)],
  [X87Op.FISTP_I16, storeInteger(2, true)],
  [X87Op.FIST_I32, storeInteger(4, false)],
  [X87Op.FISTP_I32, storeInteger(4, true)],
  [X87Op.FISTP_I64, storeInteger(8, true)],
  [X87Op.FISTTP_I16, storeInteger(2, true, true)],
  [X87Op.FISTTP_I32, storeInteger(4, true, true)],
  [X87Op.FISTTP_I64, storeInteger(8, true, true)],
  [X87Op.FXCH, exchange],
  [X87Op.FCHS, changeSign(Wasm.i32Xor, 0x8000)],
  [X87Op.FABS, changeSign(Wasm.i32And, 0x7fff)],
  [X87Op.FCMOVB, moveIf(2)],
  [X87Op.FCMOVNB, moveIf(3)],
  [X87Op.FCMOVE, moveIf(4)],
  [X87Op.FCMOVNE, moveIf(5)],
  [X87Op.FCMOVBE, moveIf(6)],
  [X87Op.FCMOVNBE, moveIf(7)],
  [X87Op.FCMOVU, moveIf(10)],
  [X87Op.FCMOVNU, moveIf(11)],
]);
