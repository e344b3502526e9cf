import { CR0, CR4, FP_STATE } from '../../core/layout.js';
import type { Feature } from '../../core/opcodes/opcode.js';
import type { Decoded } from '../decode/decoded.js';
import { FunctionCode } from '../wasm/function-code.js';
import { Simd } from '../wasm/simd-instruction.js';
import { I32, V128, Wasm } from '../wasm/wasm-op.js';
import type { RegionExits } from './exits.js';
import type { RegionMemory } from './guest-memory.js';
import type { RegionLocals } from './region-locals.js';
import { pushVectorConstant, type VectorConstant } from './vector-constants.js';

const CR0_EM_TS = 0x0c;
const CR4_OSFXSR = 1 << 9;

/** Number of the XMM register that ModR/M.reg names. */
export const xmmReg = ({ modrm, rex }: Decoded): number => ((modrm >> 3) & 7) | ((rex & 4) << 1);
/** The same for ModR/M.rm in its register form. */
export const xmmRm = ({ modrm, rex }: Decoded): number => (modrm & 7) | ((rex & 1) << 3);

/** Features whose integer instructions save, load or change XMM registers or MXCSR. */
const VECTOR_STATE: readonly Feature[] = ['fxsr', 'sse', 'sse2', 'xsave'];

/** Whether an instruction that the core executes touches XMM registers or MXCSR. */
export function concernsVectors({ row }: Decoded): boolean {
  if (row.family === 'integer') return VECTOR_STATE.includes(row.feature);
  return row.family === 'simd';
}

/** Elements of an XMM register that are known to be normal, zero or infinite: the first, or all of them. */
export type OrdinaryElements = 'single' | 'double' | 'singles' | 'doubles';

/** XMM registers, each in a local while the region runs: loaded at entry, stored at exit. */
export class RegionVectors {
  /** Locals of the registers the region uses. */
  private readonly kept = new Map<number, number>();
  private readonly written = new Set<number>();
  /** The local that is not 0 where SSE instructions fault. */
  private sseFault: number | undefined;
  // What code in front of here in the same block has made sure of.
  private sseFound = false;
  private readonly ordinary = new Map<number, Set<OrdinaryElements>>();
  /** Locals of constants, and those of them that hold theirs. */
  private readonly constants = new Map<VectorConstant, number>();
  private readonly loaded = new Set<VectorConstant>();

  constructor(
    private readonly code: FunctionCode,
    private readonly locals: RegionLocals,
    private readonly memory: RegionMemory,
    private readonly exits: RegionExits,
  ) {}

  /** Forgets what was found out: other ways lead here, or the core executed an instruction. */
  forget(): void {
    this.sseFound = false;
    this.ordinary.clear();
    this.loaded.clear();
  }

  /** Leaves the instruction to the interpreter where SSE instructions fault (SDM vol. 3, 2.5). Before anything else. */
  requireSse(): void {
    if (this.sseFound) return;
    this.sseFound = true;
    this.sseFault ??= this.locals.permanent(I32);
    this.code.get(this.sseFault);
    this.exits.stepIf();
  }

  /** Code that finds out about that: at entry, and behind what the core executed. */
  loadControl(): FunctionCode {
    const code = new FunctionCode();
    if (this.sseFault === undefined) return code;
    code.i32(0).memory(Wasm.i32Load, CR0).i32(CR0_EM_TS).op(Wasm.i32And);
    code.i32(0).memory(Wasm.i32Load, CR4).i32(CR4_OSFXSR).op(Wasm.i32And).op(Wasm.i32Eqz).op(Wasm.i32Or);
    return code.set(this.sseFault);
  }

  isOrdinary(register: number, elements: OrdinaryElements): boolean {
    return this.ordinary.get(register)?.has(elements) ?? false;
  }

  /** Behind here a register's elements are known to be ordinary. */
  noteOrdinary(register: number, elements: OrdinaryElements): void {
    const known = this.ordinary.get(register) ?? new Set();
    this.ordinary.set(register, known.add(elements));
  }

  /** Pushes a constant, in code that every way through the block passes: it stays in a local for what follows. */
  pushConstant(constant: VectorConstant): void {
    const local = this.constants.get(constant) ?? this.locals.permanent(V128);
    this.constants.set(constant, local);
    if (this.loaded.has(constant)) {
      this.code.get(local);
      return;
    }
    this.loaded.add(constant);
    pushVectorConstant(this.code, constant);
    this.code.tee(local);
  }

  /** Pushes a whole register (v128). */
  push(register: number): void {
    this.code.get(this.local(register));
  }

  /** Takes a whole register from the stack (v128). */
  take(register: number): void {
    this.ordinary.delete(register);
    this.written.add(register);
    this.code.set(this.local(register));
  }

  /** Takes a whole register from another. */
  copy(register: number, from: number): void {
    const known = this.ordinary.get(from);
    this.push(from);
    this.take(register);
    if (known) this.ordinary.set(register, new Set(known));
  }

  /** Code that loads the registers that the region uses. */
  loadRegisters(): FunctionCode {
    const code = new FunctionCode();
    for (const [register, local] of this.kept) code.i32(0).simdMemory(Simd.load, cell(register)).set(local);
    return code;
  }

  /** Code that stores those that it changes. */
  storeRegisters(): FunctionCode {
    const code = new FunctionCode();
    for (const register of this.written) code.i32(0).get(this.local(register)).simdMemory(Simd.store, cell(register));
    return code;
  }

  private local(register: number): number {
    const known = this.kept.get(register) ?? this.locals.permanent(V128);
    this.kept.set(register, known);
    return known;
  }

  /** Pushes the host pointer of an instruction's memory operand for reading; #GP if it must be aligned and is not. */
  pushSource(instruction: Decoded, bytes: 1 | 2 | 4 | 8 | 16, aligned = false): void {
    const address = this.memory.linear(instruction, bytes, 'read');
    this.memory.pushReadPointer(address, bytes, aligned);
  }

  /** The same for writing. */
  pushTarget(instruction: Decoded, bytes: 1 | 2 | 4 | 8 | 16, aligned = false): void {
    const address = this.memory.linear(instruction, bytes, 'write');
    this.memory.pushWritePointer(address, bytes, aligned);
  }
}

/** Address of an XMM register in the core's memory. */
function cell(register: number): number {
  return FP_STATE + register * 16;
}
