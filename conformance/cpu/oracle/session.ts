import { copyMemory, fillCode, memoryDifference, putBack, writeCode, type CaseMemory } from './case-memory.js';
import { compareOutcome, sameOutcome, type FieldDifference } from './compare.js';
import { codeOf, type CaseInfo } from './case-info.js';
import { Coverage } from './coverage.js';
import type { EngineTarget } from './guest/engine-target.js';
import { DATA, FILLER } from './layout.js';
import { AFTER, RECORD, SIGALRM } from './record.js';
import { leadsOut } from './strays.js';
import type { Target } from './target.js';

/** A case an engine does not execute as the processor does. */
export interface Difference {
  readonly info: CaseInfo;
  readonly index: number;
  /** Which engine, in which run. */
  readonly engine: string;
  readonly fields: readonly FieldDifference[];
  /** What it started from, with no other case's code. */
  readonly start: CaseMemory;
  /** What the processor left. */
  readonly after: CaseMemory;
  /** The case's record as the processor left it. */
  readonly record: Uint8Array;
}

/** Where cases come from. */
export interface CaseSource {
  /** Writes cases into the memory they are made for, with filler wherever no code of theirs is. */
  batch(): CaseInfo[];
}

/** One more time an engine executes each batch. */
export interface Rerun {
  readonly name: string;
  readonly target: EngineTarget;
  /** Keeps what the engine made of the code in the run before. */
  readonly again: boolean;
  /** See {@link EngineTarget.interruptEvery}. */
  readonly interruptEvery?: () => number;
}

function words({ buffer, byteOffset, length }: Uint8Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length / 4);
}

/** Whether a case was given up, since it came to no end. */
function isEndless({ records }: CaseMemory, index: number): boolean {
  return records[index * RECORD.bytes + AFTER.signal] === SIGALRM;
}

/** Batches of random cases on the processor and on engines. */
export class Session {
  executed = 0;
  readonly coverage = new Coverage();
  private readonly expectedWords: Uint32Array;

  /**
   * @param engine executes each batch first, where nothing can be harmed: what leads out of the cases' memory is taken
   *   out before the processor sees it
   * @param reruns what executes it as well
   */
  constructor(
    private readonly silicon: Target,
    private readonly engine: EngineTarget,
    private readonly source: CaseSource,
    private readonly reruns: readonly Rerun[] = [],
  ) {
    this.expectedWords = words(silicon.memory.records);
  }

  /** Executes the next batch on all. */
  batch(): Difference[] {
    const { silicon, engine } = this;
    const infos = this.prepare();
    const start = copyMemory(silicon.memory);
    silicon.run(0, infos.length);
    const safe = infos.filter(({ steps }) => steps.length > 0);
    this.executed += safe.length;
    for (const info of safe) this.coverage.add(info);
    const all = (target: EngineTarget): boolean =>
      infos.every((info, i) => this.compare(target, i, info).length === 0) &&
      memoryDifference(silicon.memory, target.memory) < 0;
    const equal =
      all(engine) && this.reruns.every((rerun) => this.rerun(rerun, start, 0, infos.length) && all(rerun.target));
    if (equal) return [];
    // One by one, from the same memory each: what a difference leads to later does not count.
    return infos.flatMap((info, i) => (info.steps.length > 0 ? (this.alone(info, i, start) ?? []) : []));
  }

  /** The next batch, ready to be executed on the processor, and executed on the engine. */
  prepare(): readonly CaseInfo[] {
    let infos: readonly CaseInfo[] = this.source.batch();
    for (;;) {
      const { engine, silicon } = this;
      engine.copyFrom(silicon.memory);
      engine.run(0, infos.length);
      const strays = infos.map((info, i) => info.steps.length > 0 && leadsOut(engine.memory, i, info));
      if (!strays.includes(true)) return infos;
      infos = infos.map((info, i) => (strays[i] ? this.takenOut(i, info) : info));
    }
  }

  /** Executes one case with no other's code to stray into: a jump ends where it leads, whatever memory says. */
  alone(info: CaseInfo, index: number, from: CaseMemory): Difference | undefined {
    const { silicon, engine } = this;
    putBack(silicon.memory, from);
    fillCode(silicon.memory);
    writeCode(silicon.memory, info.rip, codeOf(info));
    engine.copyFrom(silicon.memory);
    engine.run(index, 1);
    if (leadsOut(engine.memory, index, info)) return undefined;
    const start = copyMemory(silicon.memory);
    silicon.run(index, 1);
    const after = copyMemory(silicon.memory);
    const record = after.records.subarray(index * RECORD.bytes, (index + 1) * RECORD.bytes);
    const found = (name: string, target: EngineTarget): Difference | undefined => {
      const fields = this.differences(target, info, index);
      return fields.length > 0 ? { info, index, engine: name, fields, start, after, record } : undefined;
    };
    let difference = found(engine.name, engine);
    for (const rerun of this.reruns) {
      if (difference) break;
      this.rerun(rerun, start, index, 1);
      difference = found(rerun.name, rerun.target);
    }
    return difference;
  }

  private rerun({ target, again, interruptEvery }: Rerun, start: CaseMemory, first: number, count: number): true {
    if (again) target.restart(start);
    else target.copyFrom(start);
    target.interruptEvery = interruptEvery;
    target.run(first, count);
    return true;
  }

  private differences(target: EngineTarget, info: CaseInfo, index: number): FieldDifference[] {
    const { silicon } = this;
    const fields = this.compare(target, index, info);
    // Where each was when it was stopped is nobody's business, nor what it had written by then.
    if (fields.length === 0 && isEndless(silicon.memory, index)) return [];
    const at = memoryDifference(silicon.memory, target.memory);
    if (at < 0) return fields;
    const word = ({ data }: CaseMemory): string => Buffer.from(data.subarray(at, at + 8)).toString('hex');
    const field = `memory ${(DATA + at).toString(16)}`;
    return [...fields, { field, expected: word(silicon.memory), actual: word(target.memory) }];
  }

  /** Leaves filler of a case, and no stack pointer either that its exception could harm anything at. */
  private takenOut(index: number, info: CaseInfo): CaseInfo {
    const { memory } = this.silicon;
    writeCode(
      memory,
      info.rip,
      codeOf(info).map(() => FILLER),
    );
    memory.records.fill(0, index * RECORD.bytes + RECORD.rsp, index * RECORD.bytes + RECORD.rsp + 8);
    return { ...info, steps: [] };
  }

  private compare({ memory }: EngineTarget, index: number, info: CaseInfo): FieldDifference[] {
    const { records } = this.silicon.memory;
    const ends = [this.silicon.memory, memory].map((of) => (isEndless(of, index) ? 'none' : 'some'));
    if (ends[0] !== ends[1]) return [{ field: 'end', expected: ends[0]!, actual: ends[1]! }];
    if (ends[0] === 'none') return [];
    if (sameOutcome(this.expectedWords, words(memory.records), index)) return [];
    return compareOutcome(records, memory.records, index, info);
  }
}
