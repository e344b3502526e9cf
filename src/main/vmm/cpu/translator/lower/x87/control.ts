import { FP_CONTROL } from '../../../core/layout.js';
import { X87Op } from '../../../core/opcodes/x87-op.js';
import { importIndex } from '../../code/imports.js';
import { Wasm } from '../../wasm/wasm-op.js';
import type { Lowering } from '../lowering.js';
import { stackIndex, x87, type X87Lowerings } from './x87-lowering.js';

/** Exception masks of FCW. */
const MASKS = 0x3f;
/** FCW as stored: bit 6 reads as 1, bits 7 and 13–15 as 0. */
const WRITABLE = 0x1f3f;
const ONES = 0x40;

const storeControl = x87((to, instruction) => {
  to.x87.pushOperandPointer(instruction, 2, 'write');
  to.code.i32(0).memory(Wasm.i32Load, FP_CONTROL).memory(Wasm.i32Store16);
});

/** Exceptions that become unmasked may be pending. */
const loadControl = x87((to, instruction) => {
  const { code } = to;
  to.x87.pushOperandPointer(instruction, 2, 'read');
  code.memory(Wasm.i32Load16U);
  const value = to.save(4);
  code.get(value).i32(MASKS).op(Wasm.i32And).i32(MASKS).op(Wasm.i32Ne);
  to.exits.stepIf();
  code.i32(0).get(value).i32(WRITABLE).op(Wasm.i32And).i32(ONES).op(Wasm.i32Or).memory(Wasm.i32Store, FP_CONTROL);
});

const storeStatus = x87((to, instruction) => {
  if (instruction.memory) {
    to.x87.pushOperandPointer(instruction, 2, 'write');
    to.x87.pushStatus();
    to.code.memory(Wasm.i32Store16);
  } else {
    to.x87.pushStatus();
    to.registers.take({ register: 0, high: false }, 2);
  }
});

const turn = (by: 1 | -1): Lowering => x87((to) => to.x87.turn(by));

const free = (pops: boolean): Lowering =>
  x87((to, instruction) => {
    to.x87.free(stackIndex(instruction));
    if (pops) to.x87.pop();
  });

/** Operations on registers alone that the core does on its own registers in memory. */
const ON_REGISTERS = [
  X87Op.FLDL2T, X87Op.FLDL2E, X87Op.FLDPI, X87Op.FLDLG2, X87Op.FLDLN2, X87Op.FXAM, X87Op.FRNDINT, X87Op.FSCALE, X87Op.FXTRACT,
  X87Op.FPREM, X87Op.FPREM1, X87Op.F2XM1, X87Op.FYL2X, X87Op.FYL2XP1, X87Op.FPTAN, X87Op.FPATAN, X87Op.FSIN, X87Op.FCOS,
  X87Op.FSINCOS, X87Op.FNINIT, X87Op.FNCLEX,
] as const; // prettier-ignore

const byCore = (op: X87Op): Lowering =>
  x87((to) => {
    to.x87.finish();
    to.code.i32(op).call(importIndex('x87Execute'));
    to.x87.start();
  });

/** FWAIT, with nothing pending. */
export const X87_WAIT: Lowering = x87(() => undefined);

export const X87_CONTROL: X87Lowerings = new Map<X87Op, Lowering>([
  [X87Op.FNSTCW, storeControl],
  [X87Op.FLDCW, loadControl],
  [X87Op.FNSTSW, storeStatus],
  [X87Op.FINCSTP, turn(1)],
  [X87Op.FDECSTP, turn(-1)],
  [X87Op.FFREE, free(false)],
  [X87Op.FFREEP, free(true)],
  [X87Op.FNOP, x87(() => undefined)],
  ...ON_REGISTERS.map((op) => [op, byCore(op)] as const),
]);
