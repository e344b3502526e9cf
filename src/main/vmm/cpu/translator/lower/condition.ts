import { operandWidth } from '../code/operands.js';
import { Wasm } from '../wasm/wasm-op.js';
import type { Lowering, Lowerings } from './lowering.js';

const set: Lowering = {
  flags: () => 'tests',
  emit(to, instruction) {
    const place = to.operands.place(instruction, 0);
    to.flags.pushCondition(instruction.opcode & 15);
    to.operands.store(place, 1, to.save(1));
  },
};

/** A 32-bit CMOV zeroes the upper half whatever the condition; a memory operand is read either way. */
const move: Lowering = {
  flags: () => 'tests',
  emit(to, instruction) {
    const bytes = operandWidth(instruction, 0);
    const place = to.operands.place(instruction, 0);
    to.operands.push(instruction, 1);
    to.operands.pushPlace(place, bytes);
    to.flags.pushCondition(instruction.opcode & 15);
    to.code.op(Wasm.select);
    to.operands.store(place, bytes, to.save(bytes));
  },
};

/** The jump itself is the end of its block. */
const jump: Lowering = {
  flags: () => 'tests',
  accepts: ({ operandBytes }) => operandBytes !== 2,
  emit: () => undefined,
};

/** Instructions of a condition, by the form of their rows. */
export const CONDITIONS: Lowerings = { setcc: set, cmov: move, jcc: jump };
