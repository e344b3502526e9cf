import type { RegionCode } from '../code/region-code.js';
import type { Decoded, OperandBytes } from '../decode/decoded.js';
import { Atomic } from '../wasm/atomic-instruction.js';
import { Wasm } from '../wasm/wasm-op.js';
import { mergeCarry } from './bits.js';
import { alignedPlace } from './locked.js';
import type { Lowering, Lowerings } from './lowering.js';

/** BT, BTS, BTR, BTC of memory, with a constant or with a register, which reaches beyond the operand both ways. */

export type BitChange = 'none' | 'set' | 'reset' | 'complement';

/** Leaves the number of the bit in its operand in a temporary. */
function bitNumber(to: RegionCode, instruction: Decoded, constant: boolean): number {
  const bytes = instruction.operandBytes;
  if (constant) to.constant(bytes, instruction.immediate & (bytes * 8 - 1));
  else {
    to.operands.push(instruction, 1);
    to.constant(bytes, bytes * 8 - 1);
    to.op(bytes, Wasm.i64And, Wasm.i32And);
  }
  return to.save(bytes);
}

/** Leaves how many bytes beyond its operand the bit that a register numbers lies in a temporary (i64). */
function distance(to: RegionCode, instruction: Decoded): number {
  const bytes = instruction.operandBytes;
  to.operands.push(instruction, 1);
  if (bytes === 4) to.code.op(Wasm.i64ExtendI32S);
  to.code
    .i64(Math.log2(bytes * 8))
    .op(Wasm.i64ShrS)
    .i64(Math.log2(bytes))
    .op(Wasm.i64Shl);
  return to.save(8);
}

/** Pushes the bit's mask, for RESET inverted. */
function pushMask(to: RegionCode, bytes: OperandBytes, bit: number, change: BitChange): void {
  to.constant(bytes, 1);
  to.code.get(bit);
  to.op(bytes, Wasm.i64Shl, Wasm.i32Shl);
  if (change !== 'reset') return;
  to.constant(bytes, -1);
  to.op(bytes, Wasm.i64Xor, Wasm.i32Xor);
}

/** Leaves the operand as it was in a temporary, with the change made in memory. */
function changed(
  to: RegionCode,
  bytes: OperandBytes,
  pointer: number,
  bit: number,
  change: BitChange,
  lock: boolean,
): number {
  const { code } = to;
  const operation = change === 'set' ? 'or' : change === 'reset' ? 'and' : 'xor';
  if (lock) {
    code.get(pointer);
    pushMask(to, bytes, bit, change);
    code.atomic(Atomic[operation], bytes);
    return to.save(bytes);
  }
  code.get(pointer).memory(bytes === 8 ? Wasm.i64Load : Wasm.i32Load);
  const value = to.save(bytes);
  if (change === 'none') return value;
  code.get(pointer).get(value);
  pushMask(to, bytes, bit, change);
  if (operation === 'or') to.op(bytes, Wasm.i64Or, Wasm.i32Or);
  else if (operation === 'and') to.op(bytes, Wasm.i64And, Wasm.i32And);
  else to.op(bytes, Wasm.i64Xor, Wasm.i32Xor);
  code.memory(bytes === 8 ? Wasm.i64Store : Wasm.i32Store);
  return value;
}

function pushPointer(to: RegionCode, instruction: Decoded, change: BitChange, by: number | undefined): number {
  const bytes = instruction.operandBytes;
  if (instruction.lock) return alignedPlace(to, instruction, bytes, by);
  const access = change === 'none' ? 'read' : 'write';
  const address = to.memory.linear(instruction, bytes, access, by);
  if (change === 'none') to.memory.pushReadPointer(address, bytes);
  else to.memory.pushWritePointer(address, bytes);
  return to.save(4);
}

function bitTestMemory(change: BitChange, constant: boolean): Lowering {
  return {
    flags: () => 'merges',
    accepts: ({ operandBytes }) => operandBytes >= 4,
    emit(to, instruction) {
      const { code } = to;
      const bytes = instruction.operandBytes;
      const by = constant ? undefined : distance(to, instruction);
      const pointer = pushPointer(to, instruction, change, by);
      const bit = bitNumber(to, instruction, constant);
      const value = changed(to, bytes, pointer, bit, change, instruction.lock);
      if (!to.flagsMatter) return;
      code.get(value).get(bit);
      to.op(bytes, Wasm.i64ShrU, Wasm.i32ShrU);
      if (bytes === 8) code.op(Wasm.i32WrapI64);
      code.i32(1).op(Wasm.i32And);
      mergeCarry(to, to.save(4));
    },
  };
}

/** With a memory operand, with and without LOCK. */
export const BITS_OF_MEMORY: Lowerings = {
  bitTest: bitTestMemory('none', false),
  bitSet: bitTestMemory('set', false),
  bitReset: bitTestMemory('reset', false),
  bitComplement: bitTestMemory('complement', false),
  bitTestImmediate: bitTestMemory('none', true),
  bitSetImmediate: bitTestMemory('set', true),
  bitResetImmediate: bitTestMemory('reset', true),
  bitComplementImmediate: bitTestMemory('complement', true),
};
