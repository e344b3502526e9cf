import { memoryDifference, restoreMemory, snapshotMemory } from './case-memory.js';
import { compareOutcome, sameOutcome, type FieldDifference } from './compare.js';
import { codeOf, type CaseInfo } from './case-info.js';
import { Coverage } from './coverage.js';
import { Generator } from './generate/generator.js';
import type { Template } from './generate/template.js';
import type { EngineTarget } from './guest/engine-target.js';
import {
  BATCH,
  CODE,
  DATA,
  DRIVER,
  DRIVER_BYTES,
  EDGE,
  FILLER,
  PAGE,
  RECORDS,
  RESERVED,
  RESERVED_END,
} from './layout.js';
import { RSP } from './generate/case-builder.js';
import { AFTER, AFTER_OF_REGISTER, RECORD, SIGALRM } from './record.js';
import type { HostProcess } from './silicon/host-process.js';

/** A case the engine does not execute as the processor does. */
export interface Difference {
  readonly info: CaseInfo;
  readonly index: number;
  readonly fields: readonly FieldDifference[];
  /** The case's record as the processor left it. */
  readonly record: Uint8Array;
}

function words({ buffer, byteOffset, length }: Uint8Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length / 4);
}

const PAGE_FAULT = 14;
/** Nothing is mapped below (vm.mmap_min_addr), nor for programs above. */
const LOWEST_MAPPED = 0x1_0000n;
const HIGHEST_MAPPED = 0x7fff_ffff_ffffn;

/** Records, programs and stacks of what drives the cases. */
function isOfDriver(address: bigint): boolean {
  return address >= BigInt(RECORDS) && address < BigInt(DRIVER + DRIVER_BYTES);
}

function inReserved(address: bigint): boolean {
  return address >= BigInt(RESERVED) && address < BigInt(RESERVED_END);
}

/** Batches of random cases on the processor and on an engine. */
export class Session {
  executed = 0;
  readonly coverage = new Coverage();
  private readonly generator: Generator;
  private readonly expectedWords: Uint32Array;
  private readonly actualWords: Uint32Array;

  constructor(
    private readonly silicon: HostProcess,
    private readonly engine: EngineTarget,
    seed: number,
    only?: (template: Template) => boolean,
  ) {
    this.generator = new Generator(seed, silicon.memory, only);
    this.expectedWords = words(silicon.memory.records);
    this.actualWords = words(engine.memory.records);
  }

  /** Executes the next batch on both. */
  batch(): Difference[] {
    const { silicon, engine } = this;
    const infos = this.prepare();
    const before = snapshotMemory(silicon.memory);
    silicon.run(0, BATCH);
    const safe = infos.filter(({ steps }) => steps.length > 0);
    this.executed += safe.length;
    for (const info of safe) this.coverage.add(info);
    const equal =
      infos.every((info, i) => this.compare(i, info).length === 0) &&
      memoryDifference(silicon.memory, engine.memory) < 0;
    if (equal) return [];
    // One by one, from the same memory each: what a difference leads to later does not count.
    restoreMemory(silicon.memory, before);
    engine.copyMemory(silicon.memory);
    for (const info of infos) this.clearCode(info);
    return infos.flatMap((info, i) => (info.steps.length > 0 ? this.single(info, i) : []));
  }

  /** The next batch, ready to be executed on the processor, and executed on the engine. */
  prepare(): readonly CaseInfo[] {
    return this.scout(this.generator.batch());
  }

  /** From now on only these rows, and what has not had so many states. */
  fill(rows: ReadonlySet<Template>, states: number): void {
    this.generator.restrict(
      (template) => rows.has(template),
      (step) => this.coverage.statesOf(step) < states,
    );
  }

  /**
   * Executes a batch on the engine, where nothing can be harmed, and takes out of it what would leave the cases' memory:
   * the host process has memory of its own there. What is left has been executed on the engine as it stands.
   */
  private scout(generated: readonly CaseInfo[]): readonly CaseInfo[] {
    let infos = generated;
    for (;;) {
      this.engine.copyFrom(this.silicon.memory);
      this.engine.run(0, BATCH);
      const strays = infos.map((info, i) => info.steps.length > 0 && this.leadsOut(i, info));
      if (!strays.includes(true)) return infos;
      infos = infos.map((info, i) => {
        if (!strays[i]) return info;
        this.takeOut(i, info);
        return { ...info, steps: [] };
      });
    }
  }

  /** Leaves filler of a case, and no stack pointer either that its exception could harm anything at. */
  private takeOut(index: number, info: CaseInfo): void {
    this.clearCode(info);
    const { records } = this.silicon.memory;
    records.fill(0, index * RECORD.bytes + RECORD.rsp, index * RECORD.bytes + RECORD.rsp + 8);
  }

  /**
   * Whether the engine's outcome is a page fault where the process may have something mapped, or has a stack pointer into
   * the signal stack: Linux takes the exception for one of the handler's own then, and kills a process that has no room.
   */
  private leadsOut(index: number, { steps }: CaseInfo): boolean {
    const { records } = this.engine.memory;
    const view = new DataView(records.buffer, records.byteOffset + index * RECORD.bytes, RECORD.bytes);
    const stack = view.getBigUint64(AFTER_OF_REGISTER[RSP]!, true);
    if (stack >= BigInt(DRIVER) && isOfDriver(stack)) return true;
    if (view.getUint8(AFTER.vector) !== PAGE_FAULT) return false;
    const address = view.getBigUint64(AFTER.cr2, true);
    if (isOfDriver(address)) return true;
    if (steps.length === 1) return false;
    return address >= LOWEST_MAPPED && address <= HIGHEST_MAPPED && !inReserved(address);
  }

  /** Executes one case with no other's code to stray into: a jump ends where it leads, whatever memory says. */
  private single(info: CaseInfo, index: number): Difference[] {
    const { silicon, engine } = this;
    this.writeCode(info, codeOf(info));
    silicon.run(index, 1);
    engine.run(index, 1);
    this.clearCode(info);
    const fields = this.compare(index, info);
    const at = memoryDifference(silicon.memory, engine.memory);
    if (at >= 0) {
      const word = (memory: { data: Uint8Array }): string =>
        Buffer.from(memory.data.subarray(at, at + 8)).toString('hex');
      fields.push({
        field: `memory ${(DATA + at).toString(16)}`,
        expected: word(silicon.memory),
        actual: word(engine.memory),
      });
      engine.copyMemory(silicon.memory);
    }
    if (fields.length === 0) return [];
    return [
      { info, index, fields, record: silicon.memory.records.slice(index * RECORD.bytes, (index + 1) * RECORD.bytes) },
    ];
  }

  private compare(index: number, info: CaseInfo): FieldDifference[] {
    const { records } = this.silicon.memory;
    const endless = (of: Uint8Array): boolean => of[index * RECORD.bytes + AFTER.signal] === SIGALRM;
    const ends = [endless(records), endless(this.engine.memory.records)].map((none) => (none ? 'none' : 'some'));
    if (ends[0] !== ends[1]) return [{ field: 'end', expected: ends[0]!, actual: ends[1]! }];
    if (ends[0] === 'none') return [];
    if (sameOutcome(this.expectedWords, this.actualWords, index)) return [];
    return compareOutcome(records, this.engine.memory.records, index, info);
  }

  private clearCode(info: CaseInfo): void {
    this.writeCode(
      info,
      codeOf(info).map(() => FILLER),
    );
  }

  /** Puts bytes where a case's code begins, as far as that is mapped, in both memories. */
  private writeCode(info: CaseInfo, code: readonly number[]): void {
    const inEdge = info.rip >= EDGE;
    const room = inEdge ? PAGE - ((info.rip - EDGE) % PAGE) : code.length;
    const bytes = Uint8Array.from(code.slice(0, room));
    const { memory } = this.silicon;
    if (inEdge) memory.edge.set(bytes, info.rip - EDGE);
    else memory.code.set(bytes, info.rip - CODE);
    this.engine.writeCode(info.rip, bytes);
  }
}
