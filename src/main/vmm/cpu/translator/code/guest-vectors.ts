import { CR0, CR4, FP_STATE } from '../../core/layout.js';
import type { Decoded } from '../decode/decoded.js';
import type { FunctionCode } from '../wasm/function-code.js';
import { Wasm } from '../wasm/wasm-op.js';
import type { RegionExits } from './exits.js';
import type { RegionMemory } from './guest-memory.js';

const V128_LOAD = 0x00;
const V128_STORE = 0x0b;
/** MXCSR, in the block that assembly/fp/state.ts lays out; XMM registers are its first 256 bytes. */
const MXCSR = FP_STATE + 384;
/** Every exception masked, rounding to nearest, no flushing, and PE; the other exceptions are not looked at. */
const MXCSR_NATIVE = 0x1fa0;
const MXCSR_LOOKED_AT = 0xffe0;

const CR0_EM_TS = 0x0c;
const CR4_OSFXSR = 1 << 9;

/** Number of the XMM register that ModR/M.reg names. */
export const xmmReg = ({ modrm, rex }: Decoded): number => ((modrm >> 3) & 7) | ((rex & 4) << 1);
/** The same for ModR/M.rm in its register form. */
export const xmmRm = ({ modrm, rex }: Decoded): number => (modrm & 7) | ((rex & 1) << 3);

/** XMM registers, in the core's memory. */
export class RegionVectors {
  /** What code in front of here in the same block has made sure of. */
  private sseFound = false;
  private nativeFound = false;

  constructor(
    private readonly code: FunctionCode,
    private readonly memory: RegionMemory,
    private readonly exits: RegionExits,
  ) {}

  /** Forgets what was found out: other ways lead here, or the core executed an instruction. */
  forget(): void {
    this.sseFound = false;
    this.nativeFound = false;
  }

  /** Leaves the instruction to the interpreter where SSE instructions fault (SDM vol. 3, 2.5). Before anything else. */
  requireSse(): void {
    if (this.sseFound) return;
    this.sseFound = true;
    const { code } = this;
    code.i32(0).memory(Wasm.i32Load, CR0).i32(CR0_EM_TS).op(Wasm.i32And);
    code.i32(0).memory(Wasm.i32Load, CR4).i32(CR4_OSFXSR).op(Wasm.i32And).op(Wasm.i32Eqz).op(Wasm.i32Or);
    this.exits.stepIf();
  }

  /**
   * The same where arithmetic is not as WebAssembly's: rounding, flushing, unmasked exceptions; and as long as no result
   * was inexact, since what that sets in MXCSR is not found out here.
   */
  requireNativeArithmetic(): void {
    if (this.nativeFound) return;
    this.nativeFound = true;
    this.code.i32(0).memory(Wasm.i32Load, MXCSR).i32(MXCSR_LOOKED_AT).op(Wasm.i32And).i32(MXCSR_NATIVE).op(Wasm.i32Ne);
    this.exits.stepIf();
  }

  /** Pushes a whole register (v128). */
  push(register: number): void {
    this.code.i32(0).simdMemory(V128_LOAD, cell(register));
  }

  /** Takes a whole register from a local (v128). */
  store(register: number, local: number): void {
    this.code.i32(0).get(local).simdMemory(V128_STORE, cell(register));
  }

  /** Pushes the host pointer of an instruction's memory operand for reading; #GP if it must be aligned and is not. */
  pushSource(instruction: Decoded, bytes: 1 | 2 | 4 | 8 | 16, aligned = false): void {
    const address = this.memory.linear(instruction);
    if (aligned) this.requireAligned(address);
    this.memory.pushReadPointer(address, bytes);
  }

  /** The same for writing. */
  pushTarget(instruction: Decoded, bytes: 1 | 2 | 4 | 8 | 16, aligned = false): void {
    const address = this.memory.linear(instruction);
    if (aligned) this.requireAligned(address);
    this.memory.pushWritePointer(address, bytes);
  }

  private requireAligned(address: number): void {
    this.code.get(address).op(Wasm.i32WrapI64).i32(15).op(Wasm.i32And);
    this.exits.stepIf();
  }
}

/** Address of an XMM register. */
export function cell(register: number): number {
  return FP_STATE + register * 16;
}
