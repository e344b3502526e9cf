import { expect, it } from 'vitest';
import { createTestVcpu } from '../../../src/testing/interpreter.js';
import { copyMemory, emptyMemory, fillCode, putBack } from './case-memory.js';
import { Generator } from './generate/generator.js';
import { EngineTarget } from './guest/engine-target.js';
import { DATA, EDGE } from './layout.js';
import { Session } from './session.js';
import type { Target } from './target.js';

const FEW_INSTRUCTIONS = 1000;
/** Little-endian, as a displacement. */
const COUNTER = [...new Uint8Array(Uint32Array.of(DATA).buffer)];
/** INC dword [counter]. */
const COUNT = [0xff, 0x05, ...COUNTER];
/** JMP to the INC in front. */
const AGAIN = [0xeb, 0xf8];

/** What stands for a processor that counts once more than the engine before it is stopped. */
class CountsOnceMore implements Target {
  readonly name = 'reference';
  readonly memory = emptyMemory();
  private readonly engine = new EngineTarget(createTestVcpu, FEW_INSTRUCTIONS);

  run(first: number, count: number): void {
    this.engine.copyFrom(this.memory);
    this.engine.run(first, count);
    putBack(this.memory, this.engine.memory);
    this.memory.data[0]!++;
  }
}

function differenceOf(body: readonly number[]): string[] | undefined {
  const reference = new CountsOnceMore();
  const generator = new Generator(1, reference.memory);
  const session = new Session(reference, new EngineTarget(createTestVcpu, FEW_INSTRUCTIONS), generator);
  const infos = generator.batch();
  // Not in front of a hole.
  const index = infos.findIndex(({ mode, rip }) => mode === 'flat32' && rip < EDGE);
  fillCode(reference.memory);
  const difference = session.alone({ ...infos[index]!, body }, index, copyMemory(reference.memory));
  return difference?.fields.map(({ field }) => field);
}

it('does not compare what cases without an end have written when they are stopped', () => {
  expect(differenceOf([...COUNT, ...AGAIN])).toBeUndefined();
});

it('compares what cases with an end have written', () => {
  expect(differenceOf(COUNT)).toEqual([`memory ${DATA.toString(16)}`]);
});
