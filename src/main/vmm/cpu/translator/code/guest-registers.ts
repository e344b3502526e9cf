import { REGS } from '../../core/layout.js';
import type { OperandBytes } from '../decode/decoded.js';
import type { FunctionCode } from '../wasm/function-code.js';
import { Wasm } from '../wasm/wasm-op.js';
import { GENERAL } from './region-locals.js';
import { RegisterValues } from './register-values.js';

/** A general register operand. */
export interface GeneralOperand {
  readonly register: number;
  /** AH, CH, DH, BH. */
  readonly high: boolean;
}

/** The general registers, each in a local while the region runs: loaded at entry, stored at exit. */
export class GuestRegisters {
  /** Bit sets of registers by number. */
  used = 0;
  written = 0;
  /** What is known of their values where code is being written. */
  readonly values = new RegisterValues();

  constructor(private readonly code: FunctionCode) {}

  /** Pushes all 64 bits. */
  push64(register: number): void {
    this.used |= 1 << register;
    this.code.get(GENERAL + register);
  }

  /** Takes all 64 bits from the stack. */
  take64(register: number): void {
    this.used |= 1 << register;
    this.written |= 1 << register;
    this.values.change(register);
    this.code.set(GENERAL + register);
  }

  /** Pushes a register plus a constant, cut to 32 bits unless in 64-bit code. */
  pushSum(register: number, distance: number, long: boolean): void {
    this.push64(register);
    if (distance !== 0) this.code.i64(distance).op(Wasm.i64Add);
    if (!long) this.code.i64(0xffff_ffff).op(Wasm.i64And);
  }

  /** Adds a constant to a register, cut to 32 bits unless in 64-bit code. */
  advance(register: number, distance: number, long: boolean): void {
    const known = this.values.of(register);
    this.pushSum(register, distance, long);
    this.take64(register);
    this.values.set(register, known, distance);
  }

  /** Copies all 64 bits. */
  copy(to: number, from: number): void {
    this.push64(from);
    this.take64(to);
    this.values.set(to, this.values.of(from), 0);
  }

  /** Pushes an operand, as i64 if it has 8 bytes, else as i32 with zeros above it. */
  push({ register, high }: GeneralOperand, bytes: OperandBytes): void {
    const { code } = this;
    this.push64(register);
    if (bytes === 8) return;
    code.op(Wasm.i32WrapI64);
    if (high) code.i32(8).op(Wasm.i32ShrU);
    if (bytes < 4) code.i32(bytes === 1 ? 0xff : 0xffff).op(Wasm.i32And);
  }

  /** Stores such a value from the stack; what lies above a narrow one stays, above 32 bits becomes zero. */
  take({ register, high }: GeneralOperand, bytes: OperandBytes): void {
    const { code } = this;
    if (bytes < 4) {
      const mask = bytes === 1 ? 0xff : 0xffff;
      code.i32(mask).op(Wasm.i32And).op(Wasm.i64ExtendI32U);
      if (high) code.i64(8).op(Wasm.i64Shl);
      this.push64(register);
      code.i64(high ? ~0xff00 : ~mask).op(Wasm.i64And);
      code.op(Wasm.i64Or);
    } else if (bytes === 4) code.op(Wasm.i64ExtendI32U);
    this.take64(register);
  }

  /** Writes a register to memory, for a function of the core. */
  spill(register: number): void {
    this.used |= 1 << register;
    this.store(this.code, 1 << register);
  }

  /** Takes a register from memory, which a function of the core has changed. */
  refill(register: number): void {
    this.used |= 1 << register;
    this.written |= 1 << register;
    this.values.change(register);
    this.load(this.code, 1 << register);
  }

  /** Loads a set of registers from memory. */
  load(code: FunctionCode, set: number): void {
    for (let register = 0; register < 16; register++) {
      if (set & (1 << register))
        code
          .i32(0)
          .memory(Wasm.i64Load, REGS + register * 8)
          .set(GENERAL + register);
    }
  }

  store(code: FunctionCode, set: number): void {
    for (let register = 0; register < 16; register++) {
      if (set & (1 << register))
        code
          .i32(0)
          .get(GENERAL + register)
          .memory(Wasm.i64Store, REGS + register * 8);
    }
  }
}
