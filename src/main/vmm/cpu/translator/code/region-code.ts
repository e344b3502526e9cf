import { PAGE_RIP, TLB_READ_BASE, FLAGS_AUX, FLAGS_RESULT, KIND_SETTLED } from '../../core/layout.js';
import type { OperandBytes } from '../decode/decoded.js';
import { FunctionCode } from '../wasm/function-code.js';
import { I32, I64, Wasm } from '../wasm/wasm-op.js';
import { RegionExits, type ExitLabels } from './exits.js';
import { FloatThresholds } from './float-thresholds.js';
import { RegionFlags } from './flags.js';
import { RegionMemory } from './guest-memory.js';
import { RegionVectors } from './guest-vectors.js';
import { GuestRegisters } from './guest-registers.js';
import { importIndex } from './imports.js';
import { Operands } from './operands.js';
import { RegionX87 } from './x87-stack.js';
import {
  ANSWER,
  FLAGS_A,
  FLAGS_B,
  FLAGS_KIND,
  NEXT_RIP,
  TLB_TABLE,
  RegionLocals,
  PAGE_RIP_LOCAL,
} from './region-locals.js';

/**
 * What lowerings write code with. Values are on the WebAssembly stack or in temporaries; an operand of 8 bytes is an
 * i64, a narrower one an i32 with zeros above it.
 */
export class RegionCode {
  readonly locals = new RegionLocals();
  readonly registers: GuestRegisters;
  readonly flags: RegionFlags;
  readonly exits: RegionExits;
  readonly memory: RegionMemory;
  readonly vectors: RegionVectors;
  readonly thresholds = new FloatThresholds(this.locals);
  readonly x87: RegionX87;
  readonly operands: Operands;
  /** Whether the flags that the current instruction leaves matter. */
  flagsMatter = true;

  constructor(
    readonly code: FunctionCode,
    labels: ExitLabels,
  ) {
    this.registers = new GuestRegisters(code);
    this.flags = new RegionFlags(code);
    this.exits = new RegionExits(code, this.flags, labels);
    this.memory = new RegionMemory(code, this.locals, this.registers, this.exits);
    this.vectors = new RegionVectors(code, this.locals, this.memory, this.exits);
    this.x87 = new RegionX87(code, this.locals, this.memory, this.exits);
    this.exits.beforeLeaving = () => this.x87.writeBack();
    this.operands = new Operands(code, this.locals, this.registers, this.memory);
  }

  /** Takes a value of an operand's type to a new temporary. */
  save(bytes: OperandBytes): number {
    const local = this.locals.temporary(bytes === 8 ? I64 : I32);
    this.code.set(local);
    return local;
  }

  /** Pushes a temporary as i64, with zeros above a narrower operand. */
  pushWide(local: number, bytes: OperandBytes): void {
    this.code.get(local);
    if (bytes !== 8) this.code.op(Wasm.i64ExtendI32U);
  }

  /** Clears what lies above a narrow operand on the stack. */
  narrow(bytes: OperandBytes): void {
    if (bytes < 4) this.code.i32(bytes === 1 ? 0xff : 0xffff).op(Wasm.i32And);
  }

  /** Picks the opcode for an operand's type. */
  op(bytes: OperandBytes, wide: number, narrow: number): void {
    this.code.op(bytes === 8 ? wide : narrow);
  }

  /** Pushes a constant of an operand's type. */
  constant(bytes: OperandBytes, value: number): void {
    if (bytes === 8) this.code.i64(value);
    else this.code.i32(bytes === 4 ? value : value & (bytes === 1 ? 0xff : 0xffff));
  }

  /**
   * Hands the current instruction to the core, by its op's address, and leaves if it does not simply go on.
   * @param behind op of the next instruction if this one looks up anew where it goes on, else 0
   * @param vectors whether XMM registers or MXCSR are of interest to it
   */
  executeSingle(op: number, behind: number, vectors: boolean): void {
    const { code } = this;
    this.x87.finish();
    // Which registers the region uses is known at its end.
    code.gap(() => this.storeRegisters());
    if (vectors) code.gap(() => this.vectors.storeRegisters());
    code.i32(0).get(PAGE_RIP_LOCAL).memory(Wasm.i64Store, PAGE_RIP);
    this.storeFlags();
    code.i32(op).i32(behind).call(importIndex('executeSingle')).tee(ANSWER);
    code.openIf('unlikely');
    if (!vectors) code.gap(() => this.vectors.storeRegisters());
    this.exits.gone();
    code.end();
    code.gap(() => this.loadRegisters());
    this.reloadTable();
    this.loadFlags();
    if (vectors) this.loadVectors();
    else code.gap(() => this.vectors.loadControl());
    this.vectors.forget();
  }

  /** Where an indirect transfer goes: a temporary (i64), for the end of the block. */
  setTarget(target: number): void {
    this.code.get(target).set(NEXT_RIP);
  }

  /** Code that loads what the region uses. */
  loadRegisters(): FunctionCode {
    const code = new FunctionCode();
    this.registers.load(code, this.registers.used);
    return code;
  }

  /** Code that stores what the region changes. */
  storeRegisters(): FunctionCode {
    const code = new FunctionCode();
    this.registers.store(code, this.registers.written);
    return code;
  }

  /** Loads what the region uses of XMM registers, MXCSR and CR0 and CR4, as far as SSE goes. */
  loadVectors(code = this.code): void {
    code.gap(() => this.vectors.loadControl());
    code.gap(() => this.vectors.loadRegisters());
    code.gap(() => this.thresholds.load());
  }

  /** The TLB of the present privilege: what was found in another does not hold. */
  reloadTable(): void {
    this.memory.forget();
    this.loadTable(this.code);
  }

  loadTable(code: FunctionCode): void {
    code.i32(0).memory(Wasm.i32Load, TLB_READ_BASE).set(TLB_TABLE);
  }

  loadFlags(code = this.code): void {
    code.i32(0).memory(Wasm.i64Load, FLAGS_RESULT).set(FLAGS_A);
    code.i32(0).memory(Wasm.i64Load32U, FLAGS_AUX).set(FLAGS_B);
    this.flags.kind = KIND_SETTLED;
  }

  /** Brings the flags to where the core keeps them; {@link loadFlags} goes on from there. */
  storeFlags(): void {
    this.flags.keepKind();
    this.code.get(FLAGS_KIND).get(FLAGS_A).get(FLAGS_B).call(importIndex('settleFlags'));
  }
}
