import { createOracleVcpu, createTestVcpu } from '../../../../src/testing/interpreter.js';
import { Random } from '../../fp/random.js';
import { EngineTarget } from '../guest/engine-target.js';
import { Session, type Rerun } from '../session.js';
import type { Target } from '../target.js';
import { RegionGenerator } from './region-generator.js';

/** Instructions between two interrupts, at most. */
const INTERRUPT_INSTRUCTIONS = 60;

/** The ways the translator executes each region: while it is being translated, translated, and interrupted. */
function translatorRuns(target: EngineTarget, seed: number): readonly Rerun[] {
  const random = new Random(seed);
  return [
    { name: 'translator, at first', target, again: false },
    { name: 'translator, again', target, again: true },
    {
      name: 'translator, interrupted',
      target,
      again: true,
      interruptEvery: () => 1 + random.below(INTERRUPT_INSTRUCTIONS),
    },
  ];
}

/** Random regions on the processor, on the interpreter and on the translator. */
export function regionSession(silicon: Target, seed: number): Session {
  const interpreter = new EngineTarget(createTestVcpu);
  const translator = new EngineTarget(createOracleVcpu);
  const source = new RegionGenerator(seed, silicon.memory);
  return new Session(silicon, interpreter, source, translatorRuns(translator, seed));
}
