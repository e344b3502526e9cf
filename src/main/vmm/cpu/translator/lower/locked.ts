import { KIND_ADD, KIND_DEC, KIND_INC, KIND_SUB } from '../../core/layout.js';
import { operandWidth } from '../code/operands.js';
import type { RegionCode } from '../code/region-code.js';
import type { Decoded, OperandBytes } from '../decode/decoded.js';
import { Atomic, type AtomicOperation } from '../wasm/atomic-instruction.js';
import { Wasm } from '../wasm/wasm-op.js';
import { keepOperands, keepResult } from './arithmetic.js';
import { keeps, sets, type Lowering, type Lowerings } from './lowering.js';

/**
 * Read-modify-write under LOCK, and exchanges, which are locked without it: WebAssembly's atomics on aligned memory. What
 * is not aligned is left to the interpreter.
 */

/**
 * Leaves the host pointer of the memory operand in a temporary (i32).
 * @param distance temporary (i64) with what is added to its address, if anything
 */
export function alignedPlace(to: RegionCode, instruction: Decoded, bytes: OperandBytes, distance?: number): number {
  const address = to.memory.linear(instruction, bytes, 'write', distance);
  to.memory.pushWritePointer(address, bytes);
  const pointer = to.save(4);
  if (bytes > 1) {
    to.code
      .get(pointer)
      .i32(bytes - 1)
      .op(Wasm.i32And);
    to.exits.stepIf();
  }
  return pointer;
}

/** Leaves what an atomic operation with the second operand replaces in a temporary. */
function replaced(
  to: RegionCode,
  operation: AtomicOperation,
  pointer: number,
  value: number,
  bytes: OperandBytes,
): number {
  to.code.get(pointer).get(value).atomic(operation, bytes);
  return to.save(bytes);
}

function sum(group: typeof KIND_ADD | typeof KIND_SUB): Lowering {
  return {
    flags: sets,
    emit(to, instruction) {
      const bytes = operandWidth(instruction, 0);
      const pointer = alignedPlace(to, instruction, bytes);
      to.operands.push(instruction, 1);
      const value = to.save(bytes);
      const old = replaced(to, group === KIND_ADD ? Atomic.add : Atomic.sub, pointer, value, bytes);
      keepOperands(to, group, bytes, old, value);
    },
  };
}

function logic(operation: AtomicOperation, wide: number, narrow: number): Lowering {
  return {
    flags: sets,
    emit(to, instruction) {
      const bytes = operandWidth(instruction, 0);
      const pointer = alignedPlace(to, instruction, bytes);
      to.operands.push(instruction, 1);
      const value = to.save(bytes);
      const old = replaced(to, operation, pointer, value, bytes);
      to.code.get(old).get(value);
      to.op(bytes, wide, narrow);
      keepResult(to, bytes, to.save(bytes));
    },
  };
}

function step(group: typeof KIND_INC | typeof KIND_DEC): Lowering {
  return {
    flags: () => 'steps',
    emit(to, instruction) {
      const bytes = operandWidth(instruction, 0);
      const pointer = alignedPlace(to, instruction, bytes);
      to.constant(bytes, 1);
      const one = to.save(bytes);
      const old = replaced(to, group === KIND_INC ? Atomic.add : Atomic.sub, pointer, one, bytes);
      if (!to.flagsMatter) return;
      to.code.get(old).get(one);
      if (group === KIND_INC) to.op(bytes, Wasm.i64Add, Wasm.i32Add);
      else to.op(bytes, Wasm.i64Sub, Wasm.i32Sub);
      to.narrow(bytes);
      const result = to.save(bytes);
      to.pushWide(result, bytes);
      to.flags.takeStep(group, bytes);
    },
  };
}

const complement: Lowering = {
  flags: keeps,
  emit(to, instruction) {
    const bytes = operandWidth(instruction, 0);
    const pointer = alignedPlace(to, instruction, bytes);
    to.constant(bytes, -1);
    replaced(to, Atomic.xor, pointer, to.save(bytes), bytes);
  },
};

/** XCHG with memory. */
export const exchangeMemory: Lowering = {
  flags: keeps,
  emit(to, instruction) {
    const bytes = operandWidth(instruction, 0);
    const pointer = alignedPlace(to, instruction, bytes);
    to.operands.push(instruction, 1);
    const old = replaced(to, Atomic.exchange, pointer, to.save(bytes), bytes);
    to.operands.store(to.operands.place(instruction, 1), bytes, old);
  },
};

const exchangeAdd: Lowering = {
  flags: sets,
  emit(to, instruction) {
    const bytes = operandWidth(instruction, 0);
    if (!instruction.memory) return addRegisters(to, instruction, bytes);
    const pointer = alignedPlace(to, instruction, bytes);
    to.operands.push(instruction, 1);
    const value = to.save(bytes);
    const old = replaced(to, Atomic.add, pointer, value, bytes);
    to.operands.store(to.operands.place(instruction, 1), bytes, old);
    keepOperands(to, KIND_ADD, bytes, old, value);
  },
};

function addRegisters(to: RegionCode, instruction: Decoded, bytes: OperandBytes): void {
  to.operands.push(instruction, 0);
  const old = to.save(bytes);
  to.operands.push(instruction, 1);
  const value = to.save(bytes);
  to.code.get(old).get(value);
  to.op(bytes, Wasm.i64Add, Wasm.i32Add);
  const result = to.save(bytes);
  to.operands.store(to.operands.place(instruction, 1), bytes, old);
  to.operands.store(to.operands.place(instruction, 0), bytes, result);
  keepOperands(to, KIND_ADD, bytes, old, value);
}

const RAX = { register: 0, high: false };
const RCX = { register: 1, high: false };
const RDX = { register: 2, high: false };
const RBX = { register: 3, high: false };

/** CMPXCHG: the accumulator is written only if it was not equal, with its upper half. */
const compareExchange: Lowering = {
  flags: sets,
  emit(to, instruction) {
    const { code } = to;
    const bytes = operandWidth(instruction, 0);
    const pointer = instruction.memory && alignedPlace(to, instruction, bytes);
    to.registers.push(RAX, bytes);
    const expected = to.save(bytes);
    if (pointer === undefined) to.operands.push(instruction, 0);
    else {
      code.get(pointer).get(expected);
      to.operands.push(instruction, 1);
      code.atomic(Atomic.compareExchange, bytes);
    }
    const old = to.save(bytes);
    code.get(expected).get(old);
    to.op(bytes, Wasm.i64Ne, Wasm.i32Ne);
    code.open(Wasm.if);
    code.get(old);
    to.registers.take(RAX, bytes);
    if (pointer === undefined) {
      code.else();
      to.operands.push(instruction, 1);
      to.operands.store(to.operands.place(instruction, 0), bytes, to.save(bytes));
    }
    code.end();
    keepOperands(to, KIND_SUB, bytes, expected, old);
  },
};

/** Pushes two registers' lower halves as one i64. */
function pushPair(to: RegionCode, low: typeof RAX, high: typeof RAX): void {
  to.registers.push64(high.register);
  to.code.i64(32).op(Wasm.i64Shl);
  to.registers.push(low, 4);
  to.code.op(Wasm.i64ExtendI32U).op(Wasm.i64Or);
}

/** CMPXCHG8B. */
function compareExchange8(to: RegionCode, instruction: Decoded): void {
  const { code } = to;
  const pointer = alignedPlace(to, instruction, 8);
  pushPair(to, RAX, RDX);
  const expected = to.save(8);
  code.get(pointer).get(expected);
  pushPair(to, RBX, RCX);
  code.atomic(Atomic.compareExchange, 8);
  const old = to.save(8);
  code.get(expected).get(old).op(Wasm.i64Eq);
  const equal = to.save(4);
  code.get(equal).op(Wasm.i32Eqz).open(Wasm.if);
  code.get(old).op(Wasm.i32WrapI64);
  to.registers.take(RAX, 4);
  code.get(old).i64(32).op(Wasm.i64ShrU);
  to.registers.take64(RDX.register);
  code.end();
  if (to.flagsMatter) to.flags.replaceZero(equal);
}

/** CMPXCHG16B, which WebAssembly has no atomic for. */
function compareExchange16(to: RegionCode, instruction: Decoded): void {
  const { code } = to;
  const address = to.memory.linear(instruction, 16, 'write');
  code.get(address.inLocal()).op(Wasm.i32WrapI64).i32(15).op(Wasm.i32And);
  to.exits.stepIf();
  to.memory.pushWritePointer(address, 16);
  const pointer = to.save(4);
  code.get(pointer).memory(Wasm.i64Load);
  const low = to.save(8);
  code.get(pointer).memory(Wasm.i64Load, 8);
  const high = to.save(8);
  code.get(low);
  to.registers.push64(RAX.register);
  code.op(Wasm.i64Eq).get(high);
  to.registers.push64(RDX.register);
  code.op(Wasm.i64Eq).op(Wasm.i32And);
  const equal = to.save(4);
  code.get(equal).open(Wasm.if);
  code.get(pointer);
  to.registers.push64(RBX.register);
  code.memory(Wasm.i64Store).get(pointer);
  to.registers.push64(RCX.register);
  code.memory(Wasm.i64Store, 8);
  code.else();
  code.get(low);
  to.registers.take64(RAX.register);
  code.get(high);
  to.registers.take64(RDX.register);
  code.end();
  if (to.flagsMatter) to.flags.replaceZero(equal);
}

const compareExchangePair: Lowering = {
  flags: () => 'merges',
  emit(to, instruction) {
    if (instruction.operandBytes === 8) compareExchange16(to, instruction);
    else compareExchange8(to, instruction);
  },
};

/** What is the same with and without LOCK. */
export const EXCHANGES: Lowerings = { compareExchange, compareExchangePair, exchangeAdd };

/** Instructions with a LOCK prefix; those that are not here are the core's. */
export const LOCKED_ARITHMETIC: Lowerings = {
  ...EXCHANGES,
  exchange: exchangeMemory,
  add: sum(KIND_ADD),
  sub: sum(KIND_SUB),
  and: logic(Atomic.and, Wasm.i64And, Wasm.i32And),
  or: logic(Atomic.or, Wasm.i64Or, Wasm.i32Or),
  xor: logic(Atomic.xor, Wasm.i64Xor, Wasm.i32Xor),
  inc: step(KIND_INC),
  dec: step(KIND_DEC),
  not: complement,
};
