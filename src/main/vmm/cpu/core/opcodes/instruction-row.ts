import type { Form, Instruction } from './opcode.js';

/** What a row of the integer and system tables may leave out. */
export type RowOptions = Partial<Pick<Instruction, 'mode' | 'lock' | 'size' | 'undefinedFlags' | 'feature'>>;

/** One row of the integer and system tables; its feature is `base` unless named. */
export function row(
  encoding: string,
  mnemonic: string,
  operands: string,
  form: Form,
  execute: string,
  options: RowOptions = {},
): Instruction {
  return { encoding, mnemonic, operands, form, execute, feature: 'base', ...options };
}
