import type { SimdInstruction } from '../../../../src/main/vmm/cpu/core/opcodes/opcode.js';
import { Random } from '../../fp/random.js';
import { fillCode, type CaseMemory } from '../case-memory.js';
import { BATCH, SEQUENCE_BYTES } from '../layout.js';
import { RECORD } from '../record.js';
import type { CaseInfo, CaseStep } from '../case-info.js';
import { CaseBuilder, MODES, type Mode } from './case-builder.js';
import { backgroundState, fxOf, simdState, x87Operand, x87State } from './fp-state.js';
import { makeCase, type MadeCase } from './instruction.js';
import { randomData } from './values.js';
import { fitsSequence, Hazards } from './sequence.js';
import { existsIn, TEMPLATES, type Template } from './template.js';

/** Rows that exist in a mode. */
const ROWS: Readonly<Record<Mode, readonly Template[]>> = Object.fromEntries(
  MODES.map((mode) => [mode, TEMPLATES.filter((template) => existsIn(template, mode))]),
) as unknown as Record<Mode, readonly Template[]>;

/** 64-bit code gets the larger share: it has most to get wrong. */
const MODE_SHARES: readonly Mode[] = ['long', 'long', 'long', 'flat32', 'segmented32', 'segmented32', 'segmented16'];

/** One case in so many is a sequence, of up to so many instructions. */
const SEQUENCE_SHARE = 4;
const MAX_STEPS = 6;
/** Instructions thrown away for a wanted one: the rarest come once in some hundred. */
const ATTEMPTS = 400;
/** An instruction takes up to five registers for itself. */
const MIN_REGISTERS = 6;

function stepOf({ template, code, chosen }: MadeCase & { template: Template }): CaseStep {
  const { bytes: operandBytes, width: addressBytes, memory: inMemory, linear } = chosen;
  const prefix = chosen.lock ? 'lock' : chosen.repeat ? 'repeat' : chosen.override === undefined ? 'none' : 'segment';
  return { template, code, operandBytes, addressBytes, inMemory, linear, prefix };
}

/** Whether it could wrap around a 16-bit segment in the middle of an operand, now that its address is not certain. */
function mayWrap(template: Template, { chosen }: MadeCase): boolean {
  return chosen.memory && chosen.width === 2 && template.memoryBytes(chosen.bytes) >= 10;
}

/** Makes batches of cases from a seed: the same ones for the same seed and the same opcode table. */
export class Generator {
  private readonly random: Random;
  private readonly builder: CaseBuilder;
  private readonly records: DataView;
  private readonly rows: Record<Mode, readonly Template[]>;
  private next = 0;
  private wanted: ((step: CaseStep) => boolean) | undefined;

  /** @param only rows to take, all unless given @param sequences some cases are several instructions */
  constructor(
    seed: number,
    private readonly memory: CaseMemory,
    only: (template: Template) => boolean = () => true,
    private readonly sequences = true,
  ) {
    this.random = new Random(seed);
    this.records = new DataView(memory.records.buffer, memory.records.byteOffset, memory.records.length);
    this.builder = new CaseBuilder(this.random, memory, this.records);
    this.rows = Object.fromEntries(MODES.map((mode) => [mode, ROWS[mode].filter(only)])) as Record<Mode, Template[]>;
    this.next = this.random.below(1 << 20);
  }

  batch(): CaseInfo[] {
    fillCode(this.memory);
    this.memory.frames.fill(0);
    randomData(this.random, this.memory);
    this.builder.startBatch();
    const background = backgroundState(this.random);
    return Array.from({ length: BATCH }, (_, index) => this.one(index, background));
  }

  /** From now on only of these rows of each mode, and of their combinations mostly the wanted ones. */
  restrict(only: (template: Template, mode: Mode) => boolean, wanted: (step: CaseStep) => boolean): void {
    for (const mode of MODES) this.rows[mode] = ROWS[mode].filter((template) => only(template, mode));
    this.wanted = wanted;
    this.builder.eager = true;
  }

  private one(index: number, background: Uint8Array): CaseInfo {
    const { builder, random } = this;
    const usable = MODE_SHARES.filter((candidate) => this.rows[candidate].length > 0);
    const mode = random.pick(usable);
    const rows = this.rows[mode];
    const template = rows[this.next++ % rows.length]!;
    const made = [this.first(index, mode, template)];
    const { rip } = builder;
    if (this.sequences && random.below(SEQUENCE_SHARE) === 0) made.push(...this.more(mode, template, made[0]!));
    builder.rip = rip;
    this.memory.records.set(background, index * RECORD.bytes + RECORD.fx);
    for (const step of made) this.floatingPoint(step.template, index, step.chosen);
    builder.finish(made.flatMap(({ code }) => code));
    return { mode, rip, steps: made.map(stepOf) };
  }

  /** A case's first instruction: a wanted one, if that can be had. */
  private first(index: number, mode: Mode, template: Template): MadeCase & { template: Template } {
    const { builder, wanted } = this;
    for (let left = wanted ? ATTEMPTS : 1; ; left--) {
      builder.begin(index, mode);
      const made = { template, ...makeCase(builder, template) };
      const found = wanted?.(stepOf(made)) ?? true;
      if (found || left === 1) return made;
    }
  }

  /** One to five more instructions behind the first, as long as there is room and registers are left. */
  private more(mode: Mode, first: Template, { code, chosen }: MadeCase): (MadeCase & { template: Template })[] {
    const { builder, random } = this;
    const hazards = new Hazards();
    const made: (MadeCase & { template: Template })[] = [];
    if (!builder.inSlot || !fitsSequence(first) || (builder.locks && chosen.memory)) return made;
    hazards.add(first);
    let room = SEQUENCE_BYTES - code.length;
    builder.rip += code.length;
    for (let left = 1 + random.below(MAX_STEPS - 1); left > 0 && builder.registersLeft >= MIN_REGISTERS; left--) {
      const template = random.pick(ROWS[mode]);
      if (!fitsSequence(template) || hazards.readsUndefined(template)) continue;
      const undo = builder.keepRegisters();
      const next = makeCase(builder, template, false);
      if (next.code.length > room || (builder.locks && next.chosen.memory) || mayWrap(template, next)) {
        undo();
        continue;
      }
      hazards.add(template);
      made.push({ template, ...next });
      room -= next.code.length;
      builder.rip += next.code.length;
    }
    return made;
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
}
