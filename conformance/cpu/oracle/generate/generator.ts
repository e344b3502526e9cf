import type { SimdInstruction } from '../../../../src/main/vmm/cpu/core/opcodes/opcode.js';
import { Random } from '../../fp/random.js';
import { DATA_RUNS, type CaseMemory } from '../case-memory.js';
import { BATCH, DATA_PAGES, FILLER, PAGE } from '../layout.js';
import { RECORD } from '../record.js';
import { CaseBuilder, MODES, type Mode } from './case-builder.js';
import { backgroundState, fxOf, simdState, x87Operand, x87State } from './fp-state.js';
import { makeCase } from './instruction.js';
import { TEMPLATES, type Template } from './template.js';

/** What is known of a case apart from its record. */
export interface CaseInfo {
  readonly template: Template;
  readonly mode: Mode;
  readonly code: readonly number[];
  readonly operandBytes: number;
  readonly inMemory: boolean;
  readonly linear: number;
  readonly rip: number;
}

/** Rows that exist in a mode. */
const ROWS: Readonly<Record<Mode, readonly Template[]>> = Object.fromEntries(
  MODES.map((mode) => [
    mode,
    TEMPLATES.filter(({ row, family, encoding }) => {
      const only = family === 'integer' && 'mode' in row ? row.mode : undefined;
      if (encoding.rexW === true && mode !== 'long') return false;
      return only === undefined || only === (mode === 'long' ? 'long' : 'legacy');
    }),
  ]),
) as unknown as Record<Mode, readonly Template[]>;

/** 64-bit code gets the larger share: it has most to get wrong. */
const MODE_SHARES: readonly Mode[] = ['long', 'long', 'long', 'flat32', 'segmented32', 'segmented32', 'segmented16'];

/** Makes batches of cases from a seed: the same ones for the same seed and the same opcode table. */
export class Generator {
  private readonly random: Random;
  private readonly builder: CaseBuilder;
  private readonly records: DataView;
  private readonly rows: Readonly<Record<Mode, readonly Template[]>>;
  private next = 0;

  /** @param only rows to take, all unless given */
  constructor(
    seed: number,
    private readonly memory: CaseMemory,
    only: (template: Template) => boolean = () => true,
  ) {
    this.random = new Random(seed);
    this.records = new DataView(memory.records.buffer, memory.records.byteOffset, memory.records.length);
    this.builder = new CaseBuilder(this.random, memory, this.records);
    this.rows = Object.fromEntries(MODES.map((mode) => [mode, ROWS[mode].filter(only)])) as Record<Mode, Template[]>;
    this.next = this.random.below(1 << 20);
  }

  batch(): CaseInfo[] {
    this.freshMemory();
    this.builder.startBatch();
    const background = backgroundState(this.random);
    return Array.from({ length: BATCH }, (_, index) => this.one(index, background));
  }

  private one(index: number, background: Uint8Array): CaseInfo {
    const { builder, random } = this;
    const mode = random.pick(MODE_SHARES);
    const rows = this.rows[mode];
    const template = rows[this.next++ % rows.length]!;
    builder.begin(index, mode);
    const { code, chosen } = makeCase(builder, template);
    this.memory.records.set(background, index * RECORD.bytes + RECORD.fx);
    this.floatingPoint(template, index, chosen);
    builder.finish(code);
    return {
      template,
      mode,
      code,
      operandBytes: chosen.bytes,
      inMemory: chosen.memory,
      linear: chosen.linear,
      rip: builder.rip,
    };
  }

  private floatingPoint(
    template: Template,
    index: number,
    { reg, rm, memory, linear }: { reg: number; rm: number; memory: boolean; linear: number },
  ): void {
    const { random, builder } = this;
    const fx = fxOf(this.records, index);
    if (template.family === 'integer') {
      if (template.mnemonic === 'fwait') x87State(random, fx);
      return;
    }
    if (template.family === 'x87') {
      x87State(random, fx);
      if (memory) {
        const bytes = template.memoryBytes(4);
        if (bytes <= 10)
          x87Operand(random, bytes, template.mnemonic.startsWith('fi') || bytes === 2).forEach((value, i) =>
            builder.pokeInteger(linear + i * 8, value, Math.min(bytes - i * 8, 8)),
          );
      }
      return;
    }
    const [low, high] = simdState(random, template, fx, reg, rm) as [bigint, bigint];
    const { bytes } = template.row as SimdInstruction;
    if (!memory) return;
    builder.pokeInteger(linear, low, Math.min(bytes, 8));
    if (bytes === 16) builder.pokeInteger(linear + 8, high, 8);
  }

  private freshMemory(): void {
    const { memory, random } = this;
    memory.code.fill(FILLER);
    for (let page = 0; page < memory.edge.length; page += 2 * PAGE) memory.edge.fill(FILLER, page, page + PAGE);
    memory.frames.fill(0);
    for (const { start, end } of DATA_RUNS) {
      for (let page = start; page < end; page += PAGE) {
        if (DATA_PAGES[page / PAGE] !== 'write') continue;
        const words = new Uint32Array(memory.data.buffer, memory.data.byteOffset + page, PAGE / 4);
        for (let i = 0; i < words.length; i++) words[i] = random.u32();
      }
    }
  }
}
