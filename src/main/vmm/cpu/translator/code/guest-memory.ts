import { SEG_BASE, SEG_READ_END, SEG_WRITE_END, SEGMENT_SIZE, SEGMENTS, TLB_ENTRIES } from '../../core/layout.js';
import type { Decoded, MemoryOperand } from '../decode/decoded.js';
import { CS, FS } from '../decode/decode.js';
import type { FunctionCode } from '../wasm/function-code.js';
import { I32, I64, Wasm } from '../wasm/wasm-op.js';
import type { RegionExits } from './exits.js';
import type { GuestRegisters } from './guest-registers.js';
import { importIndex } from './imports.js';
import { PAGE_RIP_LOCAL, READ_TABLE, WRITE_TABLE, type RegionLocals } from './region-locals.js';

export type AccessBytes = 1 | 2 | 4 | 8 | 10 | 16;

/** Guest memory as regions reach it: effective address → linear address → host pointer by the core's TLB. */
export class RegionMemory {
  constructor(
    private readonly code: FunctionCode,
    private readonly locals: RegionLocals,
    private readonly registers: GuestRegisters,
    private readonly exits: RegionExits,
  ) {}

  /** Whether a region can compute a memory operand's linear address. */
  static reaches({ memory, long }: Decoded): boolean {
    return memory === undefined || long || memory.segment !== CS;
  }

  /** Pushes an instruction's effective address (what LEA computes), as i64. */
  pushEffective({ memory, addressBytes }: Decoded): void {
    const { code } = this;
    if (addressBytes === 8) this.push64(memory!);
    else {
      this.push32(memory!);
      code.op(Wasm.i64ExtendI32U);
    }
  }

  /**
   * Leaves the linear address of an instruction's memory operand in a new temporary.
   * @param distance temporary (i64) with what is added to the effective address, if anything
   */
  linear(instruction: Decoded, bytes: AccessBytes, access: 'read' | 'write', distance?: number): number {
    const { code } = this;
    this.pushEffective(instruction);
    if (distance !== undefined) {
      code.get(distance).op(Wasm.i64Add);
      if (instruction.addressBytes === 4) code.i64(0xffff_ffff).op(Wasm.i64And);
    }
    const address = this.locals.temporary(I64);
    code.set(address);
    if (instruction.memory!.segment >= FS) this.addBase(instruction, address, bytes, access);
    return address;
  }

  /** Makes an offset into a segment's linear address; out of its limit, the instruction is left to the interpreter. */
  private addBase({ long, memory }: Decoded, address: number, bytes: AccessBytes, access: 'read' | 'write'): void {
    const { code } = this;
    const segment = SEGMENTS + memory!.segment * SEGMENT_SIZE;
    if (!long) {
      const end = segment + (access === 'read' ? SEG_READ_END : SEG_WRITE_END);
      code.get(address).i64(bytes).op(Wasm.i64Add).i32(0).memory(Wasm.i64Load, end).op(Wasm.i64GtU);
      this.exits.stepIf();
    }
    code
      .get(address)
      .i32(0)
      .memory(Wasm.i64Load, segment + SEG_BASE)
      .op(Wasm.i64Add);
    if (!long) code.i64(0xffff_ffff).op(Wasm.i64And);
    code.set(address);
  }

  /** Pushes the host pointer to read `bytes` at a linear address. */
  pushReadPointer(address: number, bytes: AccessBytes): void {
    this.pushPointer(address, bytes, READ_TABLE, 'readCold');
  }

  /** Pushes the host pointer to write, or to read and write, `bytes` at a linear address. */
  pushWritePointer(address: number, bytes: AccessBytes): void {
    this.pushPointer(address, bytes, WRITE_TABLE, 'writeCold');
  }

  private push64({ base, index, scale, displacement, pageRelative }: MemoryOperand): void {
    const { code } = this;
    let terms = 0;
    const sum = (): void => {
      if (terms++ > 0) code.op(Wasm.i64Add);
    };
    if (pageRelative) {
      code.get(PAGE_RIP_LOCAL);
      sum();
    }
    if (base !== undefined) {
      this.registers.push64(base);
      sum();
    }
    if (index !== undefined) {
      this.registers.push64(index);
      if (scale) code.i64(scale).op(Wasm.i64Shl);
      sum();
    }
    if (displacement !== 0 || terms === 0) {
      code.i64(displacement);
      sum();
    }
  }

  private push32({ base, index, scale, displacement, pageRelative }: MemoryOperand): void {
    const { code } = this;
    let terms = 0;
    const sum = (): void => {
      if (terms++ > 0) code.op(Wasm.i32Add);
    };
    if (pageRelative) {
      code.get(PAGE_RIP_LOCAL).op(Wasm.i32WrapI64);
      sum();
    }
    if (base !== undefined) {
      this.registers.push64(base);
      code.op(Wasm.i32WrapI64);
      sum();
    }
    if (index !== undefined) {
      this.registers.push64(index);
      code.op(Wasm.i32WrapI64);
      if (scale) code.i32(scale).op(Wasm.i32Shl);
      sum();
    }
    if (displacement !== 0 || terms === 0) {
      code.i32(displacement);
      sum();
    }
  }

  /** An access that crosses a page never matches a tag. */
  private pushPointer(address: number, bytes: AccessBytes, table: number, cold: 'readCold' | 'writeCold'): void {
    const { code } = this;
    const entry = this.locals.temporary(I32);
    const pointer = this.locals.temporary(I32);
    code.get(address).op(Wasm.i32WrapI64).i32(8).op(Wasm.i32ShrU);
    code
      .i32((TLB_ENTRIES - 1) << 4)
      .op(Wasm.i32And)
      .get(table)
      .op(Wasm.i32Add)
      .tee(entry);
    code.memory(Wasm.i64Load).get(address);
    if (bytes > 1) code.i64(bytes - 1).op(Wasm.i64Add);
    code.i64(-4096).op(Wasm.i64And).op(Wasm.i64Eq);
    code.openIf('likely', I32);
    code.get(entry).memory(Wasm.i32Load, 8).get(address).op(Wasm.i32WrapI64).op(Wasm.i32Add);
    code.else();
    code.get(address).i32(bytes).call(importIndex(cold)).tee(pointer);
    code.op(Wasm.i32Eqz);
    this.exits.stepIf();
    code.get(pointer);
    code.end();
  }
}
