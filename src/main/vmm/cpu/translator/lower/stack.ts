import { SEG_SELECTOR, SEGMENT_SIZE, SEGMENTS } from '../../core/layout.js';
import { generalOperand } from '../code/operands.js';
import type { RegionCode } from '../code/region-code.js';
import type { Decoded, OperandBytes } from '../decode/decoded.js';
import { Wasm } from '../wasm/wasm-op.js';
import { always, keeps, type Lowering, type Lowerings } from './lowering.js';

const RSP = 4;
const RBP = 5;

/** Whether an instruction uses the stack in the width of its mode; others are rare. */
export function natural({ long, operandBytes }: Decoded): boolean {
  return operandBytes === (long ? 8 : 4);
}

const load = (bytes: OperandBytes): number => (bytes === 8 ? Wasm.i64Load : Wasm.i64Load32U);

/** Pushes a temporary (i64) on the guest's stack. */
export function pushValue(to: RegionCode, instruction: Decoded, value: number): void {
  const { code } = to;
  const bytes = instruction.long ? 8 : 4;
  to.memory.pushWritePointer(to.memory.offsetFrom(RSP, -bytes, instruction.long), bytes);
  code.get(value).memory(bytes === 8 ? Wasm.i64Store : Wasm.i64Store32);
  to.registers.advance(RSP, -bytes, instruction.long);
}

/** Leaves the value on top of the guest's stack in a new temporary (i64). */
export function topValue(to: RegionCode, instruction: Decoded): number {
  const bytes = instruction.long ? 8 : 4;
  to.memory.pushReadPointer(to.memory.offsetFrom(RSP, 0, instruction.long), bytes);
  to.code.memory(load(bytes));
  return to.save(8);
}

/** Drops bytes from the guest's stack. */
export function drop(to: RegionCode, instruction: Decoded, bytes: number): void {
  to.registers.advance(RSP, bytes, instruction.long);
}

/** PUSH of a register, a constant, or memory. */
const push: Lowering = {
  flags: keeps,
  leaves: always,
  accepts: natural,
  emit(to, instruction) {
    to.operands.push(instruction, 0);
    if (!instruction.long) to.code.op(Wasm.i64ExtendI32U);
    pushValue(to, instruction, to.save(8));
  },
};

const popRegister: Lowering = {
  flags: keeps,
  leaves: always,
  accepts: natural,
  emit(to, instruction) {
    const value = topValue(to, instruction);
    drop(to, instruction, instruction.operandBytes);
    to.code.get(value);
    to.registers.take64(generalOperand(instruction, 0).register);
  },
};

const leave: Lowering = {
  flags: keeps,
  leaves: always,
  accepts: natural,
  emit(to, instruction) {
    const { operandBytes: bytes } = instruction;
    to.memory.pushReadPointer(to.memory.offsetFrom(RBP, 0, instruction.long), bytes);
    to.code.memory(load(bytes));
    const value = to.save(8);
    to.registers.copy(RSP, RBP);
    to.registers.advance(RSP, bytes, instruction.long);
    to.code.get(value);
    to.registers.take64(RBP);
  },
};

/** PUSH of a segment register; 32 bits of stack get 16 bits, as processors do (SDM vol. 2, PUSH). */
function pushSegment(segment: number): Lowering {
  return {
    flags: keeps,
    leaves: always,
    accepts: natural,
    emit(to, instruction) {
      const { code } = to;
      const { long } = instruction;
      const bytes = long ? 8 : 4;
      to.memory.pushWritePointer(to.memory.offsetFrom(RSP, -bytes, long), long ? 8 : 2);
      code.i32(0).memory(Wasm.i64Load16U, SEGMENTS + segment * SEGMENT_SIZE + SEG_SELECTOR);
      code.memory(long ? Wasm.i64Store : Wasm.i64Store16);
      to.registers.advance(RSP, -bytes, long);
    },
  };
}

export const STACK: Lowerings = {
  pushRegister: push,
  pushImmediate: push,
  pushOperand: push,
  popRegister,
  leave,
  pushEs: pushSegment(0),
  pushCs: pushSegment(1),
  pushSs: pushSegment(2),
  pushDs: pushSegment(3),
  pushFs: pushSegment(4),
  pushGs: pushSegment(5),
};
