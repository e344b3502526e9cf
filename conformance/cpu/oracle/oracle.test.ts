import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTestVcpu } from '../../../src/testing/interpreter.js';
import { memoryDifference } from './case-memory.js';
import { codeOf } from './case-info.js';
import { compareOutcome } from './compare.js';
import { describeDifference } from './describe.js';
import { Generator } from './generate/generator.js';
import { EngineTarget } from './guest/engine-target.js';
import { BATCH } from './layout.js';
import { freshSeed } from './options.js';
import { decodeRecording } from './recording.js';
import { Session } from './session.js';
import { HostProcess } from './silicon/host-process.js';

const RECORDED = path.join(import.meta.dirname, 'recorded');
const FIXED_SEED = 4;
const CASES = 16 * BATCH;

/** The processor, or why it is out of reach. */
function openSilicon(): HostProcess | string {
  try {
    return new HostProcess();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('the interpreter', () => {
  const engine = new EngineTarget(createTestVcpu);

  for (const file of readdirSync(RECORDED)) {
    it(`does what a processor did, recorded in ${file}`, () => {
      const { before, after, infos } = decodeRecording(readFileSync(path.join(RECORDED, file)));
      engine.copyFrom(before);
      engine.run(0, BATCH);
      const differences = infos.flatMap((info, index) => {
        const fields = compareOutcome(after.records, engine.memory.records, index, info);
        return fields.length === 0
          ? []
          : [
              `${info.steps.map(({ template }) => template.mnemonic).join('; ')} ${Buffer.from(codeOf(info)).toString('hex')}: ${JSON.stringify(fields)}`,
            ];
      });
      expect(differences).toEqual([]);
      expect(memoryDifference(after, engine.memory)).toBe(-1);
      expect(infos).toHaveLength(BATCH);
    });
  }

  const silicon = openSilicon();
  for (const seed of [FIXED_SEED, freshSeed()]) {
    it.skipIf(typeof silicon === 'string')(
      `does what this processor does${typeof silicon === 'string' ? ` (${silicon})` : ''}: npm run oracle -- --seed ${seed} --cases ${CASES}`,
      () => {
        const session = new Session(silicon as HostProcess, engine, new Generator(seed, (silicon as HostProcess).memory));
        const differences: string[] = [];
        while (session.executed < CASES) differences.push(...session.batch().map(describeDifference));
        expect(differences).toEqual([]);
      },
    );
  }
});
