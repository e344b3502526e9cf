import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadFpCore, type FpCore } from '../fp/core-module.js';
import { compareSimd } from '../fp/simd-compare.js';
import { SIMD_FAMILIES } from '../fp/simd-families.js';
import { SIMD_RECORD } from '../fp/simd-case.js';

describe('SIMD operations, against results recorded from a processor', () => {
  let core: FpCore;
  beforeAll(async () => {
    core = await loadFpCore();
  }, 120_000);

  for (const [family, { list, cases }] of Object.entries(SIMD_FAMILIES)) {
    it(`${family}: ${list.length} instructions, ${cases} cases each`, () => {
      const records = readFileSync(join(import.meta.dirname, `${family}.bin`));
      expect(records.length).toBe(list.length * cases * SIMD_RECORD.bytes);
      expect(compareSimd(core, list, records)).toEqual([]);
    });
  }
});
