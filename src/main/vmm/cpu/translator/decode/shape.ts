import { operandSize, type OperandSize } from '../../core/opcodes/operands.js';
import type { IndexedInstruction } from '../../disassembler/instruction-index.js';

/** What follows ModR/M and its displacement. */
export type ImmediateKind = 'none' | 'byte' | 'word' | 'z' | 'v' | 'offset' | 'other';

/** What decoding an instruction needs to know of its row, worked out once. */
export interface Shape {
  readonly size: OperandSize;
  /** ModR/M.mod is ignored: always registers (control and debug registers). */
  readonly registersOnly: boolean;
  readonly immediate: ImmediateKind;
}

const shapes = new Map<IndexedInstruction, Shape>();

export function shapeOf(instruction: IndexedInstruction): Shape {
  let shape = shapes.get(instruction);
  if (!shape) shapes.set(instruction, (shape = workOut(instruction)));
  return shape;
}

function workOut({ row, operands }: IndexedInstruction): Shape {
  return {
    size: row.family === 'integer' ? operandSize(row) : 'y',
    registersOnly: operands.some((operand) => operand === 'Cy' || operand === 'Dy'),
    immediate: immediateOf(operands),
  };
}

function immediateOf(operands: readonly string[]): ImmediateKind {
  const immediates = operands.filter((operand) => 'IJAO'.includes(operand[0]!) && operand !== 'AL' && operand !== 'AX');
  if (immediates.length > 1) return 'other';
  const [only] = immediates;
  if (only === undefined) return 'none';
  if (only[0] === 'O') return 'offset';
  if (only === 'Ib' || only === 'Jb') return 'byte';
  if (only === 'Iw') return 'word';
  if (only === 'Iz' || only === 'Jz') return 'z';
  return only === 'Iv' ? 'v' : 'other';
}
