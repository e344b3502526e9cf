import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadFpCore, type FpCore } from '../fp/core-module.js';
import { IMAGE_INSTRUCTIONS, IMAGE_RECORD, compareImages } from '../fp/image-case.js';
import { X87_RECORD, X87_TESTED } from '../fp/x87-case.js';
import { compareX87 } from '../fp/x87-compare.js';
import { IMAGE_CASES, IMAGE_FAMILY, X87_CASES, X87_FAMILY } from '../fp/x87-family.js';

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

  it(`${IMAGE_INSTRUCTIONS.length} instructions on state images, ${IMAGE_CASES} cases each`, () => {
    const records = readFileSync(join(import.meta.dirname, `${IMAGE_FAMILY}.bin`));
    expect(records.length).toBe(IMAGE_INSTRUCTIONS.length * IMAGE_CASES * IMAGE_RECORD.bytes);
    expect(compareImages(core, records)).toEqual([]);
  });
});
