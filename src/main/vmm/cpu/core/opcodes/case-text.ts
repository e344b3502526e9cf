import type { Instruction } from './opcode.js';
import { operandType } from './operands.js';

/** Pieces of AssemblyScript that the main loop's cases are made of. */

/** The condition of the opcode's low four bits. */
export function condition(index: number): string {
  return `${index & 1 ? '!' : ''}condition${index & ~1}()`;
}

/** The end of a conditional jump that is taken, from its own op. */
export const TAKE_JUMP = 'const to: usize = load<u32>(op, 8); next = to ? to : branch(op); break;';

export const isMemoryForm = (operand: string): boolean => 'EMO'.includes(operand[0]!);

/** Offset in the register file of an operand that is a register. */
export function slot(operand: string): string {
  if (operand === 'AL' || operand === 'rAX') return '0';
  if (operand === 'CL') return '8';
  return 'GZ'.includes(operand[0]!) ? 'slotA(op)' : 'slotB(op)';
}

function value(operand: string, type: string, memory: boolean, target: string): string {
  const own = operandType(operand, type);
  if (operand === '1') return '<u8>1';
  if (operand === 'Iv' && type === 'u64') return 'load<u64>(op, 8)';
  if (operand[0] === 'I') return immediate(own === 'u8' ? 'u8' : type);
  if (memory && isMemoryForm(operand)) return `load<${own}>(p)`;
  return `getRegister<${own}>(${operand === target ? 'd' : slot(operand)})`;
}

/** The immediate in a type: sign-extended to 64 bits, cut to narrower ones. */
function immediate(type: string): string {
  return type === 'u32' ? 'load<u32>(op, 12)' : `<${type}>opImm(op)`;
}

/** Expressions of an instruction's sources; the first of them is `d` where it is the register written, too. */
export function sourceValues(row: Instruction, type: string, memory: boolean): string[] {
  const operands = row.operands.split(',');
  const written = row.form === 'modify' ? operands[0]! : '';
  const sources = row.form === 'write' ? operands.slice(1) : operands;
  const shiftCount = /^(sh|sa|ro|rc)/.test(row.execute);
  return sources.map((operand, index) => {
    // An imm8 is sign-extended to the operand size but where it is a count.
    if (operand === 'Ib' && !(shiftCount && index > 0) && type !== 'u8') return immediate(type);
    return value(operand, type, memory, written);
  });
}

/** Writes the register `d` that the result was computed from. */
export function modifyRegister(target: string, type: string, result: string): string {
  return `const d = ${slot(target)}; putRegister<${type}>(d, ${result});`;
}
