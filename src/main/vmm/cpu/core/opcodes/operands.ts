import type { Instruction } from './opcode.js';

export type OperandSize = 'byte' | 'v' | 'default64' | 'always64' | 'y';

/** How an instruction's operand size follows from mode and prefixes. */
export function operandSize(row: Instruction): OperandSize {
  if (row.size) return row.size;
  const operands = row.operands.split(',');
  if (operands.some((o) => /^[EGMR]y$/.test(o))) return 'y';
  if (operands.some((o) => /[vz]$/.test(o) || o === 'rAX' || o === 'eAX' || o === 'Mp' || o === 'Ap')) return 'v';
  return operands.some((o) => /^(AL|[EGZOXYM]b)$/.test(o)) ? 'byte' : 'v';
}

/** AssemblyScript types of the operand sizes 0–3. */
export const TYPES = ['u8', 'u16', 'u32', 'u64'] as const;

/** Size numbers an instruction exists in. */
export function sizesOf(size: OperandSize): readonly number[] {
  if (size === 'byte') return [0];
  return size === 'y' ? [2, 3] : [1, 2, 3];
}

/** The type of one operand when the instruction's operand size is `type`. */
export function operandType(operand: string, type: string): string {
  if (operand.endsWith('b') || operand === 'AL' || operand === 'CL' || operand === '1') return 'u8';
  if (operand.endsWith('w')) return 'u16';
  // MOVSXD: as wide as the destination, 32 bits at most.
  if (operand === 'Ez' && type === 'u64') return 'u32';
  return operand.endsWith('d') ? 'u32' : type;
}
