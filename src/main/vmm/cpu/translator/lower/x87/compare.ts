import { X87Op } from '../../../core/opcodes/x87-op.js';
import { importIndex } from '../../code/imports.js';
import type { RegionCode } from '../../code/region-code.js';
import type { ExtendedValue } from '../../code/x87-stack.js';
import { Wasm } from '../../wasm/wasm-op.js';
import { sets, type Lowering } from '../lowering.js';
import { DOUBLE, INTEGER16, INTEGER32, readOperand, SINGLE, type MemoryFormat } from './memory-operand.js';
import { popTimes, pushValue, stackIndex, x87, type X87Lowerings } from './x87-lowering.js';

/** Compares ST(0) with b into C3, C2, C0; `quiet`: quiet NaNs are no invalid operation. */
function compare(to: RegionCode, b: ExtendedValue, quiet: boolean, pops: number): void {
  const a = to.x87.read(0);
  pushValue(to, a);
  pushValue(to, b);
  to.code.i32(quiet ? 1 : 0).call(importIndex('x87CompareStatus'));
  to.x87.c1IsStored();
  popTimes(to, pops);
}

const withMemory = (format: MemoryFormat, pops: number): Lowering =>
  x87((to, instruction) => {
    to.x87.requireValid(0);
    compare(to, readOperand(to, instruction, format), false, pops);
  });

const withStack = (quiet: boolean, pops: number): Lowering =>
  x87((to, instruction) => {
    to.x87.requireValid(0);
    compare(to, to.x87.read(stackIndex(instruction)), quiet, pops);
  });

/** FCOMPP, FUCOMPP. */
const withNext = (quiet: boolean): Lowering =>
  x87((to) => {
    to.x87.requireValid(0);
    compare(to, to.x87.read(1), quiet, 2);
  });

const testTop = x87((to) => {
  const { code } = to;
  pushValue(to, to.x87.read(0));
  code.i64(0).i32(0).i32(0).call(importIndex('x87CompareStatus'));
  to.x87.c1IsStored();
});

/** ZF alone, that is, equal. */
const ZF = 0x40;
const CF = 1;
/** C3, C2, C0 lie above ZF, PF, CF by so many bits. */
const CONDITIONS_SHIFT = 8;
/** Of the core's word of carries: CF without OF, and what makes the parity of result 0 odd. */
const CARRY_SHIFT = 30;
const CARRY = 3;
const ODD_SHIFT = 8;

/** FCOMI, FUCOMI and their popping forms: ZF, PF, CF; the other flags are 0. */
const intoFlags = (quiet: boolean, pops: number): Lowering =>
  x87((to, instruction) => {
    const { code } = to;
    to.x87.requireValid(0);
    const b = to.x87.read(stackIndex(instruction));
    const a = to.x87.read(0);
    pushValue(to, a);
    pushValue(to, b);
    code.i32(quiet ? 1 : 0).call(importIndex('x87CompareFlags'));
    code.i32(CONDITIONS_SHIFT).op(Wasm.i32ShrU);
    const flags = to.save(4);
    popTimes(to, pops);
    if (!to.flagsMatter) return;
    // Result 0 for ZF, which also gives PF, else 1, which gives neither.
    code.get(flags).i32(ZF).op(Wasm.i32And).op(Wasm.i32Eqz).op(Wasm.i64ExtendI32U);
    code.get(flags).i32(CF).op(Wasm.i32And).i32(CARRY).op(Wasm.i32Mul).i32(CARRY_SHIFT).op(Wasm.i32Shl);
    code.get(flags).i32(ZF).op(Wasm.i32Eq).i32(ODD_SHIFT).op(Wasm.i32Shl).op(Wasm.i32Or);
    to.flags.takeSettled();
  }, sets);

export const X87_COMPARISONS: X87Lowerings = new Map<X87Op, Lowering>([
  [X87Op.FCOM_M32, withMemory(SINGLE, 0)],
  [X87Op.FCOMP_M32, withMemory(SINGLE, 1)],
  [X87Op.FCOM_M64, withMemory(DOUBLE, 0)],
  [X87Op.FCOMP_M64, withMemory(DOUBLE, 1)],
  [X87Op.FCOM_I32, withMemory(INTEGER32, 0)],
  [X87Op.FCOMP_I32, withMemory(INTEGER32, 1)],
  [X87Op.FCOM_I16, withMemory(INTEGER16, 0)],
  [X87Op.FCOMP_I16, withMemory(INTEGER16, 1)],
  [X87Op.FCOM_ST0, withStack(false, 0)],
  [X87Op.FCOMP_ST0, withStack(false, 1)],
  [X87Op.FCOMPP, withNext(false)],
  [X87Op.FUCOM, withStack(true, 0)],
  [X87Op.FUCOMP, withStack(true, 1)],
  [X87Op.FUCOMPP, withNext(true)],
  [X87Op.FCOMI, intoFlags(false, 0)],
  [X87Op.FCOMIP, intoFlags(false, 1)],
  [X87Op.FUCOMI, intoFlags(true, 0)],
  [X87Op.FUCOMIP, intoFlags(true, 1)],
  [X87Op.FTST, testTop],
]);
