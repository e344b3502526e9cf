import { ATOMIC_PREFIX, ATOMIC_SIZES, type AtomicOperation } from './atomic-instruction.js';
import { ByteSink } from './byte-sink.js';
import { VOID, Wasm, type BlockType, type ValueType } from './wasm-op.js';

const V128_CONST = 0x0c;
const I8X16_SHUFFLE = 0x0d;

/** A structured construct that is open; made by {@link FunctionCode.open}. */
export type Label = number;

/** Which way an `if` or `br_if` mostly goes: what V8 lays out and gives registers to as the straight path. */
export type Hint = 'likely' | 'unlikely';

/** A stretch of finished code. */
export interface CodePart {
  readonly bytes: Uint8Array;
  /** Hints for its branches, by offset from the part's start. */
  readonly hints: readonly BranchHint[];
}

export interface BranchHint {
  readonly at: number;
  readonly hint: Hint;
}

/** The instructions of one function body, in the order they are written, and how deep its constructs are nested. */
export class FunctionCode {
  readonly sink = new ByteSink();
  private readonly hints: BranchHint[] = [];
  private readonly gaps: { readonly at: number; readonly fill: () => FunctionCode }[] = [];
  private depth: number;

  /** @param depth constructs already open around this code */
  constructor(depth = 0) {
    this.depth = depth;
  }

  /** How many constructs are open. */
  get nesting(): number {
    return this.depth;
  }

  op(opcode: number): this {
    this.sink.byte(opcode);
    return this;
  }

  /** Leaves room for code that is known only when all the rest is. */
  gap(fill: () => FunctionCode): this {
    this.gaps.push({ at: this.sink.length, fill });
    return this;
  }

  /** All of it, gaps filled. */
  parts(): CodePart[] {
    const parts: CodePart[] = [];
    const bytes = this.sink.view();
    let from = 0;
    let hint = 0;
    const partTo = (to: number): CodePart => {
      const hints: BranchHint[] = [];
      for (; hint < this.hints.length && this.hints[hint]!.at < to; hint++) {
        const { at, hint: way } = this.hints[hint]!;
        hints.push({ at: at - from, hint: way });
      }
      const part = { bytes: bytes.subarray(from, to), hints };
      from = to;
      return part;
    };
    for (const { at, fill } of this.gaps) {
      parts.push(partTo(at), ...fill().parts());
    }
    parts.push(partTo(this.sink.length));
    return parts;
  }

  /** A saturating conversion, behind its prefix. */
  saturating(opcode: number): this {
    this.sink.byte(0xfc);
    this.sink.unsigned(opcode);
    return this;
  }

  /** An instruction behind the SIMD prefix. */
  simd(opcode: number): this {
    this.sink.byte(0xfd);
    this.sink.unsigned(opcode);
    return this;
  }

  /** A SIMD instruction with a lane or other immediate byte. */
  simdLane(opcode: number, lane: number): this {
    this.simd(opcode);
    this.sink.byte(lane);
    return this;
  }

  /** A SIMD load or store. */
  simdMemory(opcode: number, offset: number): this {
    this.simd(opcode);
    this.sink.byte(0);
    this.sink.unsigned(offset);
    return this;
  }

  /** Picks sixteen bytes of two vectors: 0–15 of the first, 16–31 of the second. */
  shuffle(bytes: readonly number[]): this {
    this.simd(I8X16_SHUFFLE);
    for (const byte of bytes) this.sink.byte(byte);
    return this;
  }

  /** A constant vector of two 64-bit halves. */
  v128(low: bigint, high = low): this {
    this.simd(V128_CONST);
    for (const half of [low, high])
      for (let bit = 0n; bit < 64n; bit += 8n) this.sink.byte(Number((half >> bit) & 0xffn));
    return this;
  }

  i32(value: number): this {
    this.sink.byte(Wasm.i32Const);
    this.sink.signed32(value);
    return this;
  }

  i64(value: number | bigint): this {
    this.sink.byte(Wasm.i64Const);
    this.sink.signed64(value);
    return this;
  }

  f32(value: number): this {
    return this.float(Wasm.f32Const, new Float32Array([value]));
  }

  f64(value: number): this {
    return this.float(Wasm.f64Const, new Float64Array([value]));
  }

  get(local: number): this {
    this.sink.byte(Wasm.localGet);
    this.sink.unsigned(local);
    return this;
  }

  set(local: number): this {
    this.sink.byte(Wasm.localSet);
    this.sink.unsigned(local);
    return this;
  }

  tee(local: number): this {
    this.sink.byte(Wasm.localTee);
    this.sink.unsigned(local);
    return this;
  }

  /** A load or store; nothing is promised about alignment. */
  memory(opcode: number, offset = 0): this {
    this.sink.byte(opcode);
    this.sink.byte(0);
    this.sink.unsigned(offset);
    return this;
  }

  /** An atomic read-modify-write; the address must be aligned, or it traps. */
  atomic(operation: AtomicOperation, bytes: keyof typeof ATOMIC_SIZES): this {
    this.sink.byte(ATOMIC_PREFIX);
    this.sink.unsigned(operation + ATOMIC_SIZES[bytes]);
    this.sink.byte(Math.log2(bytes));
    this.sink.unsigned(0);
    return this;
  }

  call(index: number): this {
    this.sink.byte(Wasm.call);
    this.sink.unsigned(index);
    return this;
  }

  /** Opens a block, loop or if. */
  open(opcode: typeof Wasm.block | typeof Wasm.loop | typeof Wasm.if, type: BlockType = VOID): Label {
    this.sink.byte(opcode);
    this.sink.byte(type);
    return this.depth++;
  }

  /** Opens an `if` that mostly goes one way. */
  openIf(hint: Hint, type: BlockType = VOID): Label {
    this.hints.push({ at: this.sink.length, hint });
    return this.open(Wasm.if, type);
  }

  else(): this {
    return this.op(Wasm.else);
  }

  end(): this {
    this.depth--;
    return this.op(Wasm.end);
  }

  br(label: Label): this {
    return this.branch(Wasm.br, label);
  }

  brIf(label: Label, hint?: Hint): this {
    if (hint) this.hints.push({ at: this.sink.length, hint });
    return this.branch(Wasm.brIf, label);
  }

  brTable(labels: readonly Label[], otherwise: Label): this {
    this.sink.byte(Wasm.brTable);
    this.sink.unsigned(labels.length);
    for (const label of labels) this.sink.unsigned(this.depth - 1 - label);
    this.sink.unsigned(this.depth - 1 - otherwise);
    return this;
  }

  private float(opcode: number, value: Float32Array | Float64Array): this {
    this.sink.byte(opcode);
    for (const byte of new Uint8Array(value.buffer)) this.sink.byte(byte);
    return this;
  }

  private branch(opcode: number, label: Label): this {
    this.sink.byte(opcode);
    this.sink.unsigned(this.depth - 1 - label);
    return this;
  }
}

/** The local variables of a function, in the order they are asked for. */
export class Locals {
  private readonly types: ValueType[] = [];

  constructor(private readonly parameters: number) {}

  add(type: ValueType): number {
    this.types.push(type);
    return this.parameters + this.types.length - 1;
  }

  /** Their declaration, runs of equal types as one. */
  declaration(): Uint8Array {
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.types) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    const sink = new ByteSink();
    sink.unsigned(runs.length);
    for (const { type, count } of runs) {
      sink.unsigned(count);
      sink.byte(type);
    }
    return sink.view();
  }
}
