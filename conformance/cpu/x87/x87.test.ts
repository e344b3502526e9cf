import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadFpCore, type FpCore } from '../fp/core-module.js';
import { X87_RECORD, X87_TESTED } from '../fp/x87-case.js';
import { compareX87 } from '../fp/x87-compare.js';
import { X87_CASES, X87_FAMILY } from '../fp/x87-family.js';

describe('x87 instructions, against results recorded from a processor', () => {
  let core: FpCore;
  beforeAll(async () => {
    core = await loadFpCore();
  }, 120_000);

  it(`${X87_TESTED.length} instructions, ${X87_CASES} cases each`, () => {
    const records = readFileSync(join(import.meta.dirname, `${X87_FAMILY}.bin`));
    expect(records.length).toBe(X87_TESTED.length * X87_CASES * X87_RECORD.bytes);
    expect(compareX87(core, records)).toEqual([]);
  });
});
