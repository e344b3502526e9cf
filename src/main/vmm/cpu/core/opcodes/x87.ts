import type { X87Instruction } from './opcode.js';
import { X87Op } from './x87-op.js';

type Access = X87Instruction['access'];

/** An instruction with a memory operand; loads, stores and arithmetic record the x87 pointers. */
function memory(
  encoding: string,
  mnemonic: string,
  operands: string,
  op: X87Op,
  bytes: number,
  access: Access,
): X87Instruction {
  return { encoding, mnemonic, operands, op, bytes, access, waits: true, pointers: true };
}

/** Control instructions leave the x87 pointers alone; `waits` is false for the FN… forms. */
function control(encoding: string, mnemonic: string, op: X87Op, waits: boolean): X87Instruction {
  return { encoding, mnemonic, operands: '', op, bytes: 0, access: 'none', waits, pointers: false };
}

function image(
  encoding: string,
  mnemonic: string,
  op: X87Op,
  access: Access,
  bytes: number,
  bytes16: number,
): X87Instruction {
  return { encoding, mnemonic, operands: 'M', op, bytes, bytes16, access, waits: access === 'load', pointers: false };
}

/** x87 instructions (SDM vol. 2, tables ). */
// prettier-ignore
export const X87_INSTRUCTIONS: readonly X87Instruction[] = [
  // Control
  control('DB E3', 'fninit', X87Op.FNINIT, false),
  control('DB E2', 'fnclex', X87Op.FNCLEX, false),
  control('DB E0', 'fneni', X87Op.FNOP, false),
  control('DB E1', 'fndisi', X87Op.FNOP, false),
  control('DB E4', 'fnsetpm', X87Op.FNOP, false),
  control('D9 D0', 'fnop', X87Op.FNOP, true),
  control('D9 F6', 'fdecstp', X87Op.FDECSTP, true),
  control('D9 F7', 'fincstp', X87Op.FINCSTP, true),
  { ...control('DD C0+i', 'ffree', X87Op.FFREE, true), operands: 'ST(i)' },
  { ...control('DF C0+i', 'ffreep', X87Op.FFREEP, true), operands: 'ST(i)' },
  { ...control('DF E0', 'fnstsw', X87Op.FNSTSW, false), operands: 'AX' },
  { ...memory('DD /7', 'fnstsw', 'M', X87Op.FNSTSW, 2, 'store'), waits: false, pointers: false },
  { ...memory('D9 /7', 'fnstcw', 'M', X87Op.FNSTCW, 2, 'store'), waits: false, pointers: false },
  { ...memory('D9 /5', 'fldcw', 'M', X87Op.FLDCW, 2, 'load'), pointers: false },
  image('D9 /6', 'fnstenv', X87Op.FNSTENV, 'store', 28, 14),
  image('D9 /4', 'fldenv', X87Op.FLDENV, 'load', 28, 14),
  image('DD /6', 'fnsave', X87Op.FNSAVE, 'store', 108, 94),
  image('DD /4', 'frstor', X87Op.FRSTOR, 'load', 108, 94),
];
