import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeEmptyQcow2 } from '../../../../../shared/disk/empty-qcow2.js';
import { MemoryFile } from '../../../../../testing/storage/memory-file.js';
import { PowerCut, PowerCutFile } from '../../../../../testing/storage/power-cut-file.js';
import type { ImagePorts } from '../image-ports.js';
import { Qcow2Image } from './qcow2-image.js';
import { rebaseQcow2 } from './qcow2-rebase.js';
import { repairQcow2 } from './qcow2-repair.js';

const KIB = 1024;
const DISK = 128 * KIB;

const ports: ImagePorts = {
  inflate: () => Promise.reject(new Error('nothing is compressed')),
  deflate: () => Promise.reject(new Error('nothing is compressed')),
  openBacking: () => Promise.reject(new Error('nothing is below')),
  openPart: () => Promise.reject(new Error('nothing is elsewhere')),
};

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), at: fc.nat(120), count: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('discard' as const), at: fc.nat(120), count: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('zero' as const), at: fc.nat(120), count: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('grow' as const), kib: fc.integer({ min: 1, max: 1000 }) }) },
); // prettier-ignore
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What each KiB may hold: the value last flushed, and every value written since. */
class Expectation {
  readonly allowed: Set<number>[] = Array.from({ length: DISK / KIB }, () => new Set([0]));
  private readonly current = new Uint8Array(DISK / KIB);

  write(from: number, count: number, value: number): void {
    for (let i = from; i < Math.min(from + count, this.current.length); i++) {
      this.allowed[i]!.add(value);
      this.current[i] = value;
    }
  }

  flushed(): void {
    this.current.forEach((value, i) => (this.allowed[i] = new Set([value])));
  }
}

/** The clusters that lie in a stretch of the disk whole, all in KiB. */
function wholeClusters(at: number, count: number, cluster: number): { readonly at: number; readonly count: number } {
  const first = Math.ceil(at / cluster) * cluster;
  return { at: first, count: Math.max(0, Math.floor((at + count) / cluster) * cluster - first) };
}

async function play(
  image: Qcow2Image,
  steps: readonly Step[],
  expected: Expectation,
  clusterBytes: number,
): Promise<void> {
  let value = 0;
  for (const step of steps) {
    if (step.kind === 'flush') {
      await image.flush();
      expected.flushed();
    } else if (step.kind === 'grow') {
      await image.resize(image.size + step.kib * KIB);
      // It flushes as well.
      expected.flushed();
    } else {
      const bytes = Math.min(step.count * KIB, DISK - step.at * KIB);
      value = (value % 250) + 1;
      if (step.kind === 'write') {
        expected.write(step.at, step.count, value);
        await image.write(step.at * KIB, [new Uint8Array(bytes).fill(value)]);
      } else {
        const whole = step.kind === 'discard' ? wholeClusters(step.at, bytes / KIB, clusterBytes / KIB) : step;
        expected.write(whole.at, whole.count, 0);
        if (step.kind === 'zero') await image.zero(step.at * KIB, bytes);
        // What a discard leaves is old data or zeros; here whole clusters become zeros, and nothing else.
        else await image.discard(step.at * KIB, bytes);
      }
    }
  }
}

async function expectSound(disk: Uint8Array, expected: Expectation): Promise<void> {
  const report = await repairQcow2(new MemoryFile(disk.slice()), 'none');
  expect(report.problems).toEqual([]);
  const image = await Qcow2Image.open(new MemoryFile(disk, { readonly: true }), ports);
  const content = new Uint8Array(DISK);
  await image.read(0, [content]);
  for (let i = 0; i < DISK; i += KIB) {
    const piece = content.subarray(i, i + KIB);
    const allowed = expected.allowed[i / KIB]!;
    for (const at of [0, 511, 512, 1023]) expect(allowed.has(piece[at]!), `KiB ${i / KIB}`).toBe(true);
  }
}

describe('qcow2 when the power is cut', () => {
  it.each([4096, 1024, 512])(
    'opens, holds all that was flushed and has leaks at most, in clusters of %i',
    async (clusterBytes) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 25 }), fc.nat(), async (steps, seed) => {
          const empty = encodeEmptyQcow2({ size: DISK, clusterBytes });
          const whole = new PowerCutFile(empty);
          await play(await Qcow2Image.open(whole, ports), steps, new Expectation(), clusterBytes);
          let random = seed;
          const survives = (): boolean => (random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0) >>> 31 === 1;
          for (let cut = 0; cut < whole.changes; cut++) {
            const file = new PowerCutFile(empty, cut);
            const expected = new Expectation();
            const image = await Qcow2Image.open(file, ports);
            await play(image, steps, expected, clusterBytes).catch((error: unknown) =>
              expect(error).toBeInstanceOf(PowerCut),
            );
            await expectSound(file.afterCut(survives), expected);
          }
        }),
        { numRuns: Number(process.env['POWER_CUT_RUNS'] ?? 4), endOnFailure: true },
      );
    },
  );

  it('builds on the old file or the new one when it is rebased', async () => {
    for (const length of [5, 300, 900]) {
      const [old, next] = ['o', 'n'].map((letter) => ({ name: letter.repeat(length), format: 'raw' as const }));
      const content = encodeEmptyQcow2({ size: DISK, backing: old! });
      for (let cut = 0; cut < 5; cut++) {
        const file = new PowerCutFile(content, cut);
        await rebaseQcow2(file, next).catch((error: unknown) => expect(error).toBeInstanceOf(PowerCut));
        for (const fate of [true, false]) {
          const names: string[] = [];
          const openBacking = (name: string) => {
            names.push(name);
            return Promise.reject(new Error('far enough'));
          };
          const disk = new MemoryFile(
            file.afterCut(() => fate),
            { readonly: true },
          );
          await expect(Qcow2Image.open(disk, { ...ports, openBacking })).rejects.toThrow('far enough');
          expect([old!.name, next!.name]).toContain(names[0]);
        }
      }
    }
  });
});
