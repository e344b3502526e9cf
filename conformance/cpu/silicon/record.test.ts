import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFpCore, type FpCore } from '../fp/core-module.js';
import { IMAGE_INSTRUCTIONS, IMAGE_RECORD, compareImages, generateImage } from '../fp/image-case.js';
import { Random } from '../fp/random.js';
import { SIMD_RECORD } from '../fp/simd-case.js';
import { compareSimd } from '../fp/simd-compare.js';
import { SIMD_FAMILIES } from '../fp/simd-families.js';
import { generateSimd } from '../fp/simd-generate.js';
import type { SimdInstruction } from '../fp/simd-instructions.js';
import { recordImages } from './images-on-silicon.js';
import { Silicon } from './silicon.js';
import { X87_RECORD, X87_TESTED } from '../fp/x87-case.js';
import { compareX87 } from '../fp/x87-compare.js';
import { IMAGE_CASES, IMAGE_FAMILY, X87_CASES, X87_FAMILY } from '../fp/x87-family.js';
import { generateX87 } from '../fp/x87-generate.js';
import { recordX87 } from './x87-on-silicon.js';
import { recordSimd } from './simd-on-silicon.js';

/**
 * Runs only where asked for, on an x86-64 host with gcc: `ANNEX_SILICON=compare` compares the core with the processor
 * on fresh random cases (`ANNEX_CASES` of each instruction, `ANNEX_SEED`, `ANNEX_FAMILY`), `ANNEX_SILICON=record`
 * writes the fixtures anew.
 */
const mode = process.env['ANNEX_SILICON'];
const seed = Number(process.env['ANNEX_SEED'] ?? Date.now() % 1e9);
const perInstruction = Number(process.env['ANNEX_CASES'] ?? 500);
const only = process.env['ANNEX_FAMILY'];

function generate(list: readonly SimdInstruction[], cases: number, random: Random): Uint8Array {
  const records = new Uint8Array(list.length * cases * SIMD_RECORD.bytes);
  for (let i = 0; i < list.length * cases; i++) {
    const index = Math.floor(i / cases);
    generateSimd(random, index, list[index]!, records.subarray(i * SIMD_RECORD.bytes, (i + 1) * SIMD_RECORD.bytes));
  }
  return records;
}

function generateAllX87(cases: number, random: Random): Uint8Array {
  const records = new Uint8Array(X87_TESTED.length * cases * X87_RECORD.bytes);
  for (let i = 0; i < X87_TESTED.length * cases; i++) {
    generateX87(random, Math.floor(i / cases), records.subarray(i * X87_RECORD.bytes, (i + 1) * X87_RECORD.bytes));
  }
  return records;
}

function generateImages(cases: number, random: Random): Uint8Array {
  const records = new Uint8Array(IMAGE_INSTRUCTIONS.length * cases * IMAGE_RECORD.bytes);
  for (let i = 0; i < IMAGE_INSTRUCTIONS.length * cases; i++) {
    generateImage(
      random,
      Math.floor(i / cases),
      records.subarray(i * IMAGE_RECORD.bytes, (i + 1) * IMAGE_RECORD.bytes),
    );
  }
  return records;
}

describe.skipIf(mode === undefined)('the processor of this host', () => {
  let silicon: Silicon;
  let core: FpCore;
  beforeAll(async () => {
    silicon = new Silicon();
    core = await loadFpCore({ optimized: true });
  }, 60_000);
  afterAll(() => {
    silicon.close();
  });

  for (const [family, { list, cases }] of Object.entries(SIMD_FAMILIES)) {
    if (only !== undefined && only !== family) continue;
    it(`${family}: seed ${seed}`, () => {
      const random = new Random(seed);
      const record = mode === 'record';

      const batch = record ? cases : Math.min(perInstruction, 50);
      for (let done = 0; done < (record ? cases : perInstruction); done += batch) {
        const records = generate(list, batch, random);
        recordSimd(silicon, list, records);
        expect(compareSimd(core, list, records)).toEqual([]);
        if (record) writeFileSync(join(import.meta.dirname, `../simd/${family}.bin`), records);
      }
    }, 3_600_000);
  }

  it.skipIf(only !== undefined && only !== X87_FAMILY)(
    `x87: seed ${seed}`,
    () => {
      const random = new Random(seed);
      const total = mode === 'record' ? X87_CASES : perInstruction;
      for (let done = 0; done < total; done += 50) {
        const records = generateAllX87(Math.min(50, total - done), random);
        recordX87(silicon, records);
        expect(compareX87(core, records)).toEqual([]);
        if (mode === 'record') writeFileSync(join(import.meta.dirname, `../x87/${X87_FAMILY}.bin`), records);
      }
    },
    3_600_000,
  );

  it.skipIf(only !== undefined && only !== IMAGE_FAMILY)(
    `images: seed ${seed}`,
    () => {
      const records = generateImages(mode === 'record' ? IMAGE_CASES : perInstruction, new Random(seed));
      recordImages(silicon, records);
      expect(compareImages(core, records)).toEqual([]);
      if (mode === 'record') writeFileSync(join(import.meta.dirname, `../x87/${IMAGE_FAMILY}.bin`), records);
    },
    3_600_000,
  );
});
