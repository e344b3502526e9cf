import type { Decoded, OperandBytes } from '../decode/decoded.js';
import type { FunctionCode } from '../wasm/function-code.js';
import { Wasm } from '../wasm/wasm-op.js';
import type { RegionMemory } from './guest-memory.js';
import type { GeneralOperand, GuestRegisters } from './guest-registers.js';
import type { RegionLocals } from './region-locals.js';
import { I32 } from '../wasm/wasm-op.js';

const LOADS: Readonly<Record<OperandBytes, number>> = {
  1: Wasm.i32Load8U,
  2: Wasm.i32Load16U,
  4: Wasm.i32Load,
  8: Wasm.i64Load,
};
const STORES: Readonly<Record<OperandBytes, number>> = {
  1: Wasm.i32Store8,
  2: Wasm.i32Store16,
  4: Wasm.i32Store,
  8: Wasm.i64Store,
};

/** Where an operand was found, to be written after it was read. */
export type Place =
  | { readonly kind: 'register'; readonly operand: GeneralOperand }
  /** The host pointer's local. */
  | { readonly kind: 'memory'; readonly pointer: number };

/** Operands of a width of their own. */
const WIDTHS: Readonly<Record<string, OperandBytes>> = {
  AL: 1, CL: 1, 1: 1, Eb: 1, Gb: 1, Mb: 1, Zb: 1, Ob: 1, Xb: 1, Yb: 1, Ew: 2, Gw: 2, Mw: 2, Ed: 4, Gd: 4, Md: 4,
}; // prettier-ignore

/** Width of an operand by its letters (SDM vol. 2, A.2.2). */
export function operandWidth({ operands, operandBytes }: Decoded, index: number): OperandBytes {
  const letters = operands[index]!;
  if (letters === 'Ez' && operandBytes === 8) return 4;
  return WIDTHS[letters] ?? operandBytes;
}

/** Operands of integer instructions by the letters of their row. */
export class Operands {
  constructor(
    private readonly code: FunctionCode,
    private readonly locals: RegionLocals,
    private readonly registers: GuestRegisters,
    private readonly memory: RegionMemory,
  ) {}

  /** Pushes an operand's value. */
  push(instruction: Decoded, index: number): void {
    const letters = instruction.operands[index]!;
    const bytes = operandWidth(instruction, index);
    if (letters[0] === 'I') this.pushImmediate(instruction, bytes);
    else if (letters === '1') this.code.i32(1);
    else if (isMemory(instruction, index)) {
      this.memory.pushReadPointer(this.memory.linear(instruction, bytes, 'read'), bytes);
      this.code.memory(LOADS[bytes]);
    } else this.registers.push(generalOperand(instruction, index), bytes);
  }

  /** Finds an operand that is written, memory for reading and writing. */
  place(instruction: Decoded, index: number): Place {
    if (!isMemory(instruction, index)) return { kind: 'register', operand: generalOperand(instruction, index) };
    const pointer = this.locals.temporary(I32);
    const bytes = operandWidth(instruction, index);
    this.memory.pushWritePointer(this.memory.linear(instruction, bytes, 'write'), bytes);
    this.code.set(pointer);
    return { kind: 'memory', pointer };
  }

  pushPlace(place: Place, bytes: OperandBytes): void {
    if (place.kind === 'register') this.registers.push(place.operand, bytes);
    else this.code.get(place.pointer).memory(LOADS[bytes]);
  }

  /** Stores a temporary. */
  store(place: Place, bytes: OperandBytes, value: number): void {
    if (place.kind === 'register') {
      this.code.get(value);
      this.registers.take(place.operand, bytes);
    } else this.code.get(place.pointer).get(value).memory(STORES[bytes]);
  }

  /** Stores a temporary that is the operand's own value plus a constant. */
  storeSum({ long }: Decoded, place: Place, bytes: OperandBytes, value: number, distance: number): void {
    if (place.kind === 'memory' || bytes !== (long ? 8 : 4)) return this.store(place, bytes, value);
    const { register } = place.operand;
    const known = this.registers.values.of(register);
    this.store(place, bytes, value);
    this.registers.values.set(register, known, distance);
  }

  private pushImmediate({ operandBytes, wideImmediate, immediate, operands }: Decoded, bytes: OperandBytes): void {
    if (operandBytes === 8 && operands.includes('Iv')) this.code.i64(wideImmediate);
    else if (bytes === 8) this.code.i64(immediate);
    else this.code.i32(bytes === 4 ? immediate : immediate & (bytes === 1 ? 0xff : 0xffff));
  }
}

export function isMemory({ operands, memory }: Decoded, index: number): boolean {
  return memory !== undefined && 'EMO'.includes(operands[index]![0]!);
}

/** The general register an operand is. */
export function generalOperand({ operands, modrm, opcode, rex }: Decoded, index: number): GeneralOperand {
  const letters = operands[index]!;
  if (letters === 'AL' || letters === 'rAX' || letters === 'eAX') return { register: 0, high: false };
  if (letters === 'CL') return { register: 1, high: false };
  const kind = letters[0]!;
  const low = kind === 'G' ? (modrm >> 3) & 7 : kind === 'Z' ? opcode & 7 : modrm & 7;
  const extension = kind === 'G' ? (rex & 4) << 1 : (rex & 1) << 3;
  const high = letters.endsWith('b') && rex === 0 && low >= 4;
  return high ? { register: low - 4, high } : { register: low | extension, high };
}
