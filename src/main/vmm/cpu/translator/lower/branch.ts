import { PAGE_RIP_LOCAL } from '../code/region-locals.js';
import type { RegionCode } from '../code/region-code.js';
import type { Decoded } from '../decode/decoded.js';
import { Wasm } from '../wasm/wasm-op.js';
import { always, keeps, type Lowering, type Lowerings } from './lowering.js';
import { drop, natural, pushValue, topValue } from './stack.js';

/** Near transfers of control: what they do besides going there, which is the end of their block. */

/** Pushes the address behind an instruction. */
function pushReturn(to: RegionCode, instruction: Decoded): void {
  const { code } = to;
  code
    .get(PAGE_RIP_LOCAL)
    .i64(instruction.offset + instruction.length)
    .op(Wasm.i64Add);
  if (!instruction.long) code.i64(0xffff_ffff).op(Wasm.i64And);
  pushValue(to, instruction, to.save(8));
}

/** Leaves the instruction to the interpreter if a temporary (i64) is no address. */
function checkTarget(to: RegionCode, { long }: Decoded, target: number): void {
  if (!long) return;
  to.code.get(target).i64(16).op(Wasm.i64Shl).i64(16).op(Wasm.i64ShrS).get(target).op(Wasm.i64Ne);
  to.exits.stepIf();
}

const jump: Lowering = { flags: keeps, accepts: ({ operandBytes }) => operandBytes !== 2, emit: () => undefined };

const call: Lowering = { flags: keeps, leaves: always, accepts: natural, emit: pushReturn };

/** RET; the C2 form drops more. */
const returnNear: Lowering = {
  flags: keeps,
  leaves: always,
  accepts: natural,
  emit(to, instruction) {
    const target = topValue(to, instruction);
    checkTarget(to, instruction, target);
    drop(to, instruction, instruction.operandBytes + (instruction.immediate & 0xffff));
    to.setTarget(target);
  },
};

/** Leaves the operand of an indirect transfer in a temporary (i64). */
function target(to: RegionCode, instruction: Decoded): number {
  to.operands.push(instruction, 0);
  if (!instruction.long) to.code.op(Wasm.i64ExtendI32U);
  const local = to.save(8);
  checkTarget(to, instruction, local);
  return local;
}

const jumpNear: Lowering = {
  flags: keeps,
  leaves: always,
  accepts: natural,
  emit: (to, instruction) => to.setTarget(target(to, instruction)),
};

const callNear: Lowering = {
  flags: keeps,
  leaves: always,
  accepts: natural,
  emit(to, instruction) {
    const local = target(to, instruction);
    pushReturn(to, instruction);
    to.setTarget(local);
  },
};

export const BRANCHES: Lowerings = {
  jumpRelative: jump,
  callRelative: call,
  returnNear,
  returnNearPop: returnNear,
  jumpNear,
  callNear,
};
