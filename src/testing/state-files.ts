import { randomUUID } from 'node:crypto';
import { NodeCodec } from '../main/vmhost/snapshot/node-codec.js';
import { PAGE_SIZE } from '../main/vmm/memory/layout.js';
import type { StateCodec } from '../main/vmm/snapshot/codec.js';
import { encodePlain } from '../main/vmm/snapshot/plain-value.js';
import { StateReader } from '../main/vmm/snapshot/state-reader.js';
import { StateWriter } from '../main/vmm/snapshot/state-writer.js';
import { damaged } from '../main/vmm/snapshot/state-error.js';

export interface TestState {
  /** Pages of RAM, and what is known of each before any is added. */
  readonly pages: number;
  readonly known?: number;
  /** Content of pages by number. */
  readonly content?: ReadonlyMap<number, Uint8Array>;
  readonly base?: string;
  readonly id?: string;
  readonly state?: unknown;
  readonly videoMemory?: Uint8Array;
}

/** A page that is not zero and not like any other. */
export function pageOf(seed: number): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  for (let i = 0; i < PAGE_SIZE; i++) page[i] = (seed * 31 + (i >>> 4) * 7 + (i & 3)) & 0xff;
  page[0] = (seed & 0xfe) + 1;
  return page;
}

/** The bytes of a state file. */
export function stateFile(given: TestState, codec: StateCodec = new NodeCodec()): Uint8Array {
  const parts: Uint8Array[] = [];
  const index = new Uint32Array(given.pages).fill(given.known ?? 0);
  const writer = new StateWriter({ append: (bytes) => void parts.push(bytes.slice()) }, codec, index);
  for (const [page, content] of given.content ?? []) writer.add(page, content);
  const videoMemory = given.videoMemory ?? new Uint8Array(PAGE_SIZE);
  writer.finish({
    id: given.id ?? randomUUID(),
    base: given.base ?? null,
    takenAtMs: 1_700_000_000_000,
    machine: { machineId: 'test', memoryBytes: given.pages * PAGE_SIZE, videoMemoryBytes: videoMemory.length },
    state: encodePlain(given.state ?? { version: 1, clockNs: 5 }),
    videoMemory,
  });
  return Uint8Array.from(Buffer.concat(parts));
}

/** @throws StateError */
export function openState(file: Uint8Array, codec: StateCodec = new NodeCodec()): StateReader {
  return new StateReader(inMemory(file), codec);
}

export function inMemory(file: Uint8Array) {
  return {
    size: file.length,
    read(offset: number, target: Uint8Array): void {
      if (offset + target.length > file.length) throw damaged('the file ends too early');
      target.set(file.subarray(offset, offset + target.length));
    },
  };
}
