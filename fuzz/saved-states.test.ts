import { describe, expect, it } from 'vitest';
import { decodeTail, encodeTail, TAIL_BYTES } from '../src/main/vmm/snapshot/state-container.js';
import { compareMemory } from '../src/main/vmm/snapshot/compare-memory.js';
import { StateError } from '../src/main/vmm/snapshot/state-error.js';
import { NodeCodec } from '../src/main/vmhost/snapshot/node-codec.js';
import { Random } from '../src/testing/random.js';
import { inMemory, openState, pageOf, stateFile } from '../src/testing/state-files.js';

/** `FUZZ_SEED` repeats a run; `FUZZ_RUNS` makes it longer. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20261123);
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 400);
const PAGES = 64;
/** What stands in for a number, or the word beside it, of the table of contents. */
const ABSURD = [
  '-1',
  '0',
  '1',
  '0.5',
  '4096',
  '4294967296',
  '9007199254740991',
  '1e300',
  'null',
  '"x"',
  '[]',
  '{}',
  'true',
];

const codec = new NodeCodec();
const quiet = { checkpoint: () => {}, progress: () => {} };
const sound = stateFile({
  pages: PAGES,
  content: new Map(Array.from({ length: PAGES / 2 }, (_, page) => [page, pageOf(page)])),
});

/** Everything a machine, a merge or a comparison would read of it. @throws StateError */
function readAll(file: Uint8Array): void {
  const reader = openState(file);
  reader.machineState();
  reader.videoMemory();
  const state = { reader, bytes: inMemory(file) };
  compareMemory([state], [state], codec, quiet);
  compareMemory([state], [{ reader: openState(sound), bytes: inMemory(sound) }], codec, quiet);
}

/** The file with one value of its table of contents replaced, and its checksum made right. */
function withOtherContents(random: Random): Uint8Array {
  const place = decodeTail(sound.subarray(-TAIL_BYTES), sound.length);
  const text = new TextDecoder().decode(sound.subarray(place.offset, place.offset + place.bytes));
  const values = [...text.matchAll(/(?<=[:[,])(-?\d+|"[^"]*")(?=[,\]}])/g)];
  const value = values[random.below(values.length)]!;
  const absurd = ABSURD[random.below(ABSURD.length)]!;
  const changed = text.slice(0, value.index) + absurd + text.slice(value.index + value[0].length);
  const bytes = new TextEncoder().encode(changed);
  const tail = encodeTail({ offset: place.offset, bytes: bytes.length, crc32: codec.crc32(bytes) });
  return Uint8Array.from(Buffer.concat([sound.subarray(0, place.offset), bytes, tail]));
}

/** The file cut, or with some bytes changed. */
function withDamage(random: Random): Uint8Array {
  if (random.below(4) === 0) return sound.slice(0, random.below(sound.length));
  const bytes = sound.slice();
  for (let left = 1 + random.below(4); left > 0; left--) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

describe('a saved state', () => {
  it('is read, or refused as what it is', () => {
    readAll(sound);
    const random = new Random(SEED);
    let refused = 0;
    for (let run = 0; run < RUNS; run++) {
      const file = run % 2 === 0 ? withOtherContents(random) : withDamage(random);
      try {
        readAll(file);
      } catch (error) {
        expect(error, `seed ${SEED}, run ${run}`).toBeInstanceOf(StateError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(RUNS / 2);
  });
});
