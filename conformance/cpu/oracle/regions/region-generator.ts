import { Random } from '../../fp/random.js';
import type { CaseInfo } from '../case-info.js';
import { fillCode, type CaseMemory } from '../case-memory.js';
import { CaseBuilder, DS, ES, FS, GS, RBP, RBX, RSI, RSP, SS } from '../generate/case-builder.js';
import { fxOf, quadword, randomMxcsr, x87State, type Kind } from '../generate/fp-state.js';
import { randomData } from '../generate/values.js';
import { CODE, CODE_BYTES, DATA, PAGE } from '../layout.js';
import { FX, FX_BYTES, RECORD } from '../record.js';
import { FLAT_DATA } from '../segments.js';
import { ProgramWriter } from './region-program.js';
import { regionRows } from './region-instruction.js';

/** Bytes of code each region may take, and how many there are in a batch. */
const REGION_BYTES = 1024;
export const REGION_BATCH = CODE_BYTES / REGION_BYTES;

const KINDS: readonly Kind[] = ['f32', 'f64', 'integer'];
const MAX_ROUNDS = 6;
/** Pages of `data` a stack lies in. */
const STACK_PAGES = [13, 14, 15];
const ARITHMETIC_FLAGS = 0x8d5;
const INTERRUPTS = 0x202;
const ALIGNMENT = 0x4_0000;
/** Masks of all exceptions; the same with PE, and all sticky flags, noted already; flush to zero. */
const USUAL_MXCSR = [0x1f80, 0x1f80, 0x1fa0, 0x1fbf, 0x9f80];
/** Extended precision, double precision, single precision, all masked. */
const USUAL_FCW = [0x37f, 0x37f, 0x27f, 0x7f];

const ROWS = { long: regionRows(true), flat32: regionRows(false) };

/** Makes batches of regions from a seed: loops of whole basic blocks in the modes that are translated. */
export class RegionGenerator {
  private readonly random: Random;
  private readonly builder: CaseBuilder;
  private readonly records: DataView;

  constructor(
    seed: number,
    private readonly memory: CaseMemory,
  ) {
    this.random = new Random(seed);
    this.records = new DataView(memory.records.buffer, memory.records.byteOffset, memory.records.length);
    this.builder = new CaseBuilder(this.random, memory, this.records);
  }

  batch(): CaseInfo[] {
    fillCode(this.memory);
    this.memory.frames.fill(0);
    randomData(this.random, this.memory);
    this.builder.startBatch();
    return Array.from({ length: REGION_BATCH }, (_, index) => this.one(index));
  }

  private one(index: number): CaseInfo {
    const { builder: b, random } = this;
    const mode = random.below(3) > 0 ? 'long' : 'flat32';
    b.begin(index, mode);
    b.rip = CODE + index * REGION_BYTES;
    b.flags = INTERRUPTS | (random.u32() & ARITHMETIC_FLAGS) | (random.below(40) === 0 ? ALIGNMENT : 0);
    for (const segment of [ES, DS, SS, FS, GS]) b.segments[segment] = FLAT_DATA;
    b.fsBase = b.long ? BigInt(random.below(8) * 16) : 0n;
    b.gsBase = b.long ? BigInt(random.below(8) * 16) : 0n;
    const bases = { [RBX]: this.place(), [RSI]: this.place() };
    const stack = DATA + random.pick(STACK_PAGES) * PAGE + 0x400 + random.below(0x80) * 16;
    b.set(RBX, BigInt(bases[RBX]!));
    b.set(RSI, BigInt(bases[RSI]!));
    b.set(RSP, BigInt(stack));
    b.set(RBP, BigInt(2 + random.below(MAX_ROUNDS - 1)));
    this.floatingPoint(index);
    for (const base of Object.values(bases)) this.operands(base);
    for (;;) {
      const { code, steps } = new ProgramWriter(b, ROWS[mode], { bases, stack }).write(b.rip);
      if (code.length >= REGION_BYTES) continue;
      b.finish(code);
      return { mode, rip: b.rip, steps, body: code };
    }
  }

  /** Where a base register points: inside a page, now and then near the end of a writable run. */
  private place(): number {
    const { random } = this;
    if (random.below(12) === 0) return DATA + random.pick([6, 11, 16]) * PAGE - random.below(16) * 16;
    return DATA + random.pick([0, 1, 2, 3, 4, 8, 9, 12]) * PAGE + 0x100 + random.below(0xe0) * 16;
  }

  /** Numbers of one kind around an address, so that arithmetic has something to do. */
  private operands(around: number): void {
    const kind = this.random.pick(KINDS);
    for (let at = around - 0x60; at < around + 0x80; at += 8)
      if (this.random.below(4) > 0) this.builder.pokeInteger(at, quadword(this.random, kind), 8);
  }

  private floatingPoint(index: number): void {
    const { random, records, memory } = this;
    memory.records.fill(0, index * RECORD.bytes + RECORD.fx, index * RECORD.bytes + RECORD.fx + FX_BYTES);
    const fx = fxOf(records, index);
    x87State(random, fx);
    if (random.below(4) > 0) {
      fx.setUint16(FX.fcw, random.pick(USUAL_FCW), true);
      fx.setUint16(FX.fsw, random.u32() & 0x7f00, true);
    }
    if (random.below(4) === 0) fx.setUint8(FX.ftw, 0);
    const usual = random.below(4) > 0;
    fx.setUint32(FX.mxcsr, usual ? random.pick(USUAL_MXCSR) : randomMxcsr(random) & 0xffff, true);
    for (let at = FX.xmm; at < FX.end; at += 16) {
      const kind = random.pick(KINDS);
      for (const half of [0, 8]) fx.setBigUint64(at + half, quadword(random, kind), true);
    }
  }
}
