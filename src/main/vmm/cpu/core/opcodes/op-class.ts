import type { Instruction } from './opcode.js';

/**
 * What an instruction is to the figures that tell what regions are left for.
 * The core counts by these numbers (CLASS_* in layout.ts); what has no row of its own, such as fused pairs, is `integer`.
 */
export const OP_CLASSES = ['integer', 'string', 'x87', 'vector', 'port', 'system'] as const;
export type OpClass = (typeof OP_CLASSES)[number];

const PORTS = /^(in|out)$/;

/** @param system whether it is a row of the table of system instructions */
export function integerClass({ mnemonic, operands }: Instruction, system: boolean): OpClass {
  if (PORTS.test(mnemonic)) return 'port';
  if (/(^|,)[XY]/.test(operands)) return 'string';
  return system ? 'system' : 'integer';
}
