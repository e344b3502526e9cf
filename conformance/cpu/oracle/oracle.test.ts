import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createOracleVcpu, createTestVcpu } from '../../../src/testing/interpreter.js';
import { memoryDifference } from './case-memory.js';
import { codeOf } from './case-info.js';
import { compareOutcome } from './compare.js';
import { describeDifference } from './describe.js';
import { Generator } from './generate/generator.js';
import { EngineTarget } from './guest/engine-target.js';
import { KEPT } from './kept.js';
import { BATCH } from './layout.js';
import { freshSeed } from './options.js';
import { decodeRecording } from './recording.js';
import { REGION_BATCH } from './regions/region-generator.js';
import { regionSession } from './regions/region-session.js';
import { Session } from './session.js';
import { HostProcess } from './silicon/host-process.js';

const RECORDED = path.join(import.meta.dirname, 'recorded');
const FIXED_SEED = 4;
const CASES = 16 * BATCH;
/** Regions are translated as they come, which takes its time. */
const REGIONS = 4 * REGION_BATCH;

/** The processor, or why it is out of reach. */
function openSilicon(): HostProcess | string {
  try {
    return new HostProcess();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const silicon = openSilicon();
const unreachable = typeof silicon === 'string' ? ` (${silicon})` : '';

/** What a session finds in so many cases. */
function differencesOf(session: Session, cases: number): string[] {
  const differences: string[] = [];
  while (session.executed < cases) differences.push(...session.batch().map(describeDifference));
  return differences;
}

/** The files of a folder that may not be there. */
function filesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.br')) : [];
}

describe('what once differed', () => {
  const interpreter = new EngineTarget(createTestVcpu);
  const translator = new EngineTarget(createOracleVcpu);
  it('does what a processor did, on the interpreter, and on the translator twice', () => {
    for (const file of filesIn(KEPT)) {
      const { before, after, infos } = decodeRecording(readFileSync(path.join(KEPT, file)));
      for (const [run, engine] of [interpreter, translator, translator].entries()) {
        if (run === 2) engine.restart(before);
        else engine.copyFrom(before);
        engine.run(0, infos.length);
        const fields = infos.flatMap((info, i) => compareOutcome(after.records, engine.memory.records, i, info));
        expect({ file, engine: engine.name, fields }).toEqual({ file, engine: engine.name, fields: [] });
        expect(memoryDifference(after, engine.memory)).toBe(-1);
      }
    }
  });
});

describe('the translator', () => {
  for (const seed of [FIXED_SEED, freshSeed()]) {
    it.skipIf(typeof silicon === 'string')(
      `does with regions what this processor does${unreachable}: npm run oracle -- --regions --seed ${seed} --cases ${REGIONS}`,
      () => expect(differencesOf(regionSession(silicon as HostProcess, seed), REGIONS)).toEqual([]),
      30_000,
    );
  }
});

describe('the interpreter', () => {
  const engine = new EngineTarget(createTestVcpu);

  for (const file of filesIn(RECORDED)) {
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

  for (const seed of [FIXED_SEED, freshSeed()]) {
    it.skipIf(typeof silicon === 'string')(
      `does what this processor does${unreachable}: npm run oracle -- --seed ${seed} --cases ${CASES}`,
      () => {
        const source = new Generator(seed, (silicon as HostProcess).memory);
        expect(differencesOf(new Session(silicon as HostProcess, engine, source), CASES)).toEqual([]);
      },
    );
  }
});
