import type { CpuState } from '../../../src/main/vmm/cpu/registers.js';
import type { VcpuFactory } from '../../../src/main/vmm/machine/machine-ports.js';
import { Half, type LockstepGuest } from './half.js';
import { memoryDifference, stateDifference, type FieldDifference } from './state-difference.js';

/** Virtual nanoseconds of an instruction. */
const NS_PER_INSTRUCTION = 10;
/** Instructions in which a loop comes by in the same state again. */
const STEPS_TO_THE_NEXT = 8000;
/** Units between two looks at all of memory. */
const MEMORY_INTERVAL = 50;
/** The interpreter stops so many instructions before the engine under test, and goes on by single ones. */
const MARGIN = 64;
/** Where it went past: the engine under test gets a lead, and the interpreter more steps. */
const ATTEMPTS = [
  { lead: 0, steps: 500 },
  { lead: 1000, steps: 2500 },
  { lead: 4000, steps: 9000 },
] as const;

/** Elements of string instructions included. */
const MOST_STOPS = 400_000;

/** The first difference between the engines. */
export interface Difference {
  /** Unit in which it showed, from 0. */
  readonly unit: number;
  readonly instructions: number;
  /** Both sides' state in front of the unit. */
  readonly before: CpuState;
  /** What the engine under test made of it; `fields` tell where the interpreter differs. */
  readonly after: CpuState;
  readonly fields: readonly FieldDifference[];
}

/**
 * Two machines with the same guest, one on the interpreter, one on the engine under test, unit by unit, with time standing
 * still meanwhile. The engine under test stops where it likes; the interpreter must come by in the same state, and, looked
 * at now and then, with the same memory. Places are told by their state, since engines count instructions a little
 * differently (one that crosses a page).
 */
export class Lockstep {
  units = 0;
  private readonly expected: Half;
  private readonly actual: Half;
  private before: CpuState;

  constructor(guest: LockstepGuest, reference: VcpuFactory, underTest: VcpuFactory) {
    this.expected = new Half(guest, reference);
    this.actual = new Half(guest, underTest);
    this.before = this.expected.saveState();
  }

  get instructions(): number {
    return this.actual.instructions;
  }

  /** What the guest printed. */
  get serial(): string {
    return this.actual.serial;
  }

  get counters(): Readonly<Record<string, number>> {
    return this.actual.cpu.stats.counters;
  }

  /** The side under test, for a look at the code around a difference. */
  get underTest(): Half {
    return this.actual;
  }

  /** Whether the guest has come to an end on the side of the interpreter. */
  get ended(): boolean {
    const { condition } = this.expected;
    return condition.kind !== 'running' && (condition.kind !== 'halted' || condition.forGood);
  }

  /** One unit of about so many instructions. @returns the difference it led to */
  unit(instructions: number): Difference | undefined {
    const { expected, actual } = this;
    const start = actual.instructions;
    actual.slice(instructions);
    expected.slice(Math.max(1, actual.instructions - start - MARGIN));
    const fields = this.meet();
    const state = actual.saveState();
    if (fields.length > 0) fields.push(...memoryDifference(expected.ram, actual.ram));
    else if (this.units % MEMORY_INTERVAL === 0) fields.push(...this.memoryDifference(state));
    if (fields.length > 0)
      return { unit: this.units, instructions: actual.instructions, before: this.before, after: state, fields };
    this.before = state;
    this.units++;
    this.passTime(actual.instructions - start);
    return undefined;
  }

  /** What differs in memory, unless the interpreter only came by in the same state once too early, as loops do. */
  private memoryDifference(state: CpuState): FieldDifference[] {
    const { expected, actual } = this;
    const fields = memoryDifference(expected.ram, actual.ram);
    if (fields.length === 0) return fields;
    expected.stepOnce();
    return this.stepTo(state, STEPS_TO_THE_NEXT).length > 0 ? fields : memoryDifference(expected.ram, actual.ram);
  }

  /** Brings both to the same place. @returns what differs at the likeliest one if they do not meet */
  private meet(): FieldDifference[] {
    const { actual } = this;
    let nearest: FieldDifference[] | undefined;
    for (const { lead, steps } of ATTEMPTS) {
      if (lead > 0) actual.runOn(lead);
      const found = this.stepTo(actual.saveState(), steps);
      if (found.length === 0) return [];
      nearest ??= found;
    }
    return nearest ?? [];
  }

  /** Steps the interpreter until it is in a state; the differences where its RIP is the same, the fewest there were. */
  private stepTo(state: CpuState, steps: number): FieldDifference[] {
    const { expected } = this;
    const eip = Number(BigInt.asUintN(32, state.rip));
    let nearest: FieldDifference[] | undefined;
    let step = 0;
    for (let stop = 0; stop < MOST_STOPS; stop++) {
      const at = expected.cpu.registers.eip;
      if (at === eip) {
        const fields = this.compare(state);
        if (fields.length === 0) return [];
        if (!nearest || fields.length < nearest.length) nearest = fields;
      }
      if (step === steps) break;
      expected.stepOnce();
      // A repeated string instruction stops behind every element.
      if (expected.cpu.registers.eip !== at) step++;
    }
    return nearest ?? [{ field: 'rip', expected: 'not there', actual: state.rip.toString(16) }];
  }

  private compare(state: CpuState): FieldDifference[] {
    const { expected, actual } = this;
    const fields = stateDifference(expected.saveState(), state);
    const other: readonly (readonly [string, string | number, string | number])[] = [
      ['next deadline', expected.nextDeadlineNs, actual.nextDeadlineNs],
      ['serial output', expected.serial.length, actual.serial.length],
    ];
    for (const [field, a, b] of other) if (a !== b) fields.push({ field, expected: String(a), actual: String(b) });
    return fields;
  }

  /** As long as the instructions took, or, where both sleep, until something is due. */
  private passTime(instructions: number): void {
    const { expected, actual } = this;
    const sleeps = expected.condition.kind === 'halted' && expected.nextDeadlineNs < Infinity;
    const now = expected.nowNs + instructions * NS_PER_INSTRUCTION;
    const to = sleeps ? Math.max(now, expected.nextDeadlineNs) : now;
    expected.passTo(to);
    actual.passTo(to);
  }
}
