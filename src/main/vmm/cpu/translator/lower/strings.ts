import { EFLAGS, KIND_SUB } from '../../core/layout.js';
import { importIndex, type RegionImport } from '../code/imports.js';
import type { RegionCode } from '../code/region-code.js';
import type { Decoded } from '../decode/decoded.js';
import { DS } from '../decode/decode.js';
import type { FlagEffect } from '../region/flag-use.js';
import { Wasm } from '../wasm/wasm-op.js';
import { keepOperands } from './arithmetic.js';
import { always, keeps, type Lowering, type Lowerings } from './lowering.js';

/** String instructions with flat segments; repeats are the core's (assembly/region-strings.ts). */

const RAX = { register: 0, high: false };
const RCX = 1;
const RSI = 6;
const RDI = 7;
const FLAG_DF_SHIFT = 10;
const REPEAT_EQUAL = 0xf3;

const LOADS = { 1: Wasm.i32Load8U, 2: Wasm.i32Load16U, 4: Wasm.i32Load, 8: Wasm.i64Load } as const;
const STORES = { 1: Wasm.i32Store8, 2: Wasm.i32Store16, 4: Wasm.i32Store, 8: Wasm.i64Store } as const;

function accepts({ long, addressBytes, segment }: Decoded): boolean {
  return addressBytes === (long ? 8 : 4) && segment === DS;
}

/** Pushes the host pointer of the element at an index register. */
function pushElement(to: RegionCode, instruction: Decoded, index: number, access: 'read' | 'write'): void {
  const { operandBytes: bytes } = instruction;
  const address = to.memory.offsetFrom(index, 0, instruction.long);
  if (access === 'read') to.memory.pushReadPointer(address, bytes);
  else to.memory.pushWritePointer(address, bytes);
}

/** Leaves the element at an index register in a temporary. */
function element(to: RegionCode, instruction: Decoded, index: number): number {
  pushElement(to, instruction, index, 'read');
  to.code.memory(LOADS[instruction.operandBytes]);
  return to.save(instruction.operandBytes);
}

/** Moves index registers on by an element, as the direction flag says. */
function advance(to: RegionCode, { long, operandBytes: bytes }: Decoded, ...indices: readonly number[]): void {
  const { code } = to;
  // bytes, or -bytes: 1 - 2 * DF of them.
  code.i64(bytes).i32(0).memory(Wasm.i64Load32U, EFLAGS).i64(FLAG_DF_SHIFT).op(Wasm.i64ShrU).i64(1).op(Wasm.i64And);
  code
    .i64(2 * bytes)
    .op(Wasm.i64Mul)
    .op(Wasm.i64Sub);
  const step = to.save(8);
  for (const index of indices) {
    to.registers.push64(index);
    code.get(step).op(Wasm.i64Add);
    if (!long) code.i64(0xffff_ffff).op(Wasm.i64And);
    to.registers.take64(index);
  }
}

/** A repeat by a function of the core, which finds its registers in memory and leaves them there. */
function repeat(
  to: RegionCode,
  instruction: Decoded,
  name: RegionImport,
  reads: readonly number[],
  writes: readonly number[],
): void {
  const { code } = to;
  for (const register of [...reads, ...writes]) to.registers.spill(register);
  code.i32(instruction.operandBytes);
  if (name === 'repeatScan' || name === 'repeatCompare') code.i32(instruction.repeat === REPEAT_EQUAL ? 1 : 0);
  code.call(importIndex(name)).op(Wasm.i32Eqz);
  const unfinished = to.save(4);
  for (const register of writes) to.registers.refill(register);
  code.get(unfinished);
}

const moveString: Lowering = {
  flags: keeps,
  leaves: always,
  accepts,
  emit(to, instruction) {
    const { operandBytes: bytes } = instruction;
    if (instruction.repeat) {
      repeat(to, instruction, 'repeatMove', [], [RCX, RSI, RDI]);
      return to.exits.stepIf();
    }
    const value = element(to, instruction, RSI);
    pushElement(to, instruction, RDI, 'write');
    to.code.get(value).memory(STORES[bytes]);
    advance(to, instruction, RSI, RDI);
  },
};

const storeString: Lowering = {
  flags: keeps,
  leaves: always,
  accepts,
  emit(to, instruction) {
    const { operandBytes: bytes } = instruction;
    if (instruction.repeat) {
      repeat(to, instruction, 'repeatStore', [RAX.register], [RCX, RDI]);
      return to.exits.stepIf();
    }
    pushElement(to, instruction, RDI, 'write');
    to.registers.push(RAX, bytes);
    to.code.memory(STORES[bytes]);
    advance(to, instruction, RDI);
  },
};

/** LODS; nobody repeats it. */
const loadString: Lowering = {
  flags: keeps,
  leaves: always,
  accepts: (instruction) => accepts(instruction) && !instruction.repeat,
  emit(to, instruction) {
    const { operandBytes: bytes } = instruction;
    to.code.get(element(to, instruction, RSI));
    to.registers.take(RAX, bytes);
    advance(to, instruction, RSI);
  },
};

/** A repeat that ends by its comparisons leaves the flags of the last one, in memory; without any, those there were. */
function comparing(instruction: Decoded): FlagEffect {
  return instruction.repeat ? 'stores' : 'sets';
}

function repeatComparison(
  to: RegionCode,
  instruction: Decoded,
  name: 'repeatScan' | 'repeatCompare',
  reads: readonly number[],
  writes: readonly number[],
): void {
  to.storeFlags();
  repeat(to, instruction, name, reads, writes);
  to.loadFlags();
  to.exits.stepIf();
}

const scanString: Lowering = {
  flags: comparing,
  leaves: always,
  accepts,
  emit(to, instruction) {
    const { operandBytes: bytes } = instruction;
    if (instruction.repeat) return repeatComparison(to, instruction, 'repeatScan', [RAX.register], [RCX, RDI]);
    const value = element(to, instruction, RDI);
    to.registers.push(RAX, bytes);
    const accumulator = to.save(bytes);
    advance(to, instruction, RDI);
    keepOperands(to, KIND_SUB, bytes, accumulator, value);
  },
};

const compareString: Lowering = {
  flags: comparing,
  leaves: always,
  accepts,
  emit(to, instruction) {
    const { operandBytes: bytes } = instruction;
    if (instruction.repeat) return repeatComparison(to, instruction, 'repeatCompare', [], [RCX, RSI, RDI]);
    // Processors read the destination first, which shows if both fault.
    const second = element(to, instruction, RDI);
    const first = element(to, instruction, RSI);
    advance(to, instruction, RSI, RDI);
    keepOperands(to, KIND_SUB, bytes, first, second);
  },
};

export const STRINGS: Lowerings = { moveString, storeString, loadString, scanString, compareString };
