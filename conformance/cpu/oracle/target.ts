import type { CaseMemory } from './case-memory.js';

/** Something that executes batches of cases: the processor, or an engine. */
export interface Target {
  readonly name: string;
  /** What the cases touch and the records, as this target sees them. */
  readonly memory: CaseMemory;
  /** Takes `count` records through their instructions, beginning with number `first`. */
  run(first: number, count: number): void;
}
