import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runOnEngine, type EngineCase, type EngineOutcome } from './fp/engine-runner.js';
import { SIMD_RECORD } from './fp/simd-case.js';
import { compareSimdWith } from './fp/simd-compare.js';
import { SIMD_FAMILIES } from './fp/simd-families.js';
import { hasMemoryForm, isMaskedCase, simdEngineCase, simdOutcome } from './fp/simd-on-engine.js';
import { X87_RECORD } from './fp/x87-case.js';
import { compareX87With } from './fp/x87-compare.js';
import { X87_FAMILY } from './fp/x87-family.js';
import { isMaskedX87Case, x87EngineCase, x87Outcome } from './fp/x87-on-engine.js';

/** Programs are this long, to fit below the data. */
const BATCH = 20_000;

function runAll(cases: readonly EngineCase[]): EngineOutcome[] {
  const outcomes: EngineOutcome[] = [];
  for (let i = 0; i < cases.length; i += BATCH) outcomes.push(...runOnEngine(cases.slice(i, i + BATCH)));
  return outcomes;
}

describe('the recorded cases as programs on the interpreter, through decoder and memory', () => {
  for (const inMemory of [false, true]) {
    for (const [family, { list }] of Object.entries(SIMD_FAMILIES)) {
      it(`${family}, source in ${inMemory ? 'memory' : 'a register'}`, () => {
        const records = readFileSync(join(import.meta.dirname, `simd/${family}.bin`));
        const chosen = new Map<number, number>();
        const cases: EngineCase[] = [];
        for (let n = 0; n < records.length / SIMD_RECORD.bytes; n++) {
          const record = records.subarray(n * SIMD_RECORD.bytes, (n + 1) * SIMD_RECORD.bytes);
          const instruction = list[record.readUInt16LE(SIMD_RECORD.instruction)]!;
          if (!isMaskedCase(record) || (inMemory && !hasMemoryForm(instruction))) continue;
          chosen.set(n, cases.length);
          cases.push(simdEngineCase(instruction, record, inMemory));
        }
        const outcomes = runAll(cases);
        const differences = compareSimdWith(list, records, (instruction, record, n) => {
          const at = chosen.get(n);
          return at === undefined ? undefined : simdOutcome(instruction, record, outcomes[at]!);
        });
        expect(cases.length).toBeGreaterThan(500);
        expect(differences).toEqual([]);
      });
    }
  }

  it('x87', () => {
    const records = readFileSync(join(import.meta.dirname, `x87/${X87_FAMILY}.bin`));
    const chosen = new Map<number, number>();
    const cases: EngineCase[] = [];
    for (let n = 0; n < records.length / X87_RECORD.bytes; n++) {
      const record = records.subarray(n * X87_RECORD.bytes, (n + 1) * X87_RECORD.bytes);
      if (!isMaskedX87Case(record)) continue;
      chosen.set(n, cases.length);
      cases.push(x87EngineCase(record));
    }
    const outcomes = runAll(cases);
    const differences = compareX87With(records, (record, n) => {
      const at = chosen.get(n);
      return at === undefined ? undefined : x87Outcome(record, outcomes[at]!);
    });
    expect(cases.length).toBeGreaterThan(500);
    expect(differences).toEqual([]);
  });
});
