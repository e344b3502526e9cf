import { describe, expect, it } from 'vitest';
import { BareCpu } from '../../../testing/bare-cpu.js';
import { inMemory } from '../../../testing/state-files.js';
import { AsideRing } from '../../vmm/memory/aside-ring.js';
import { PAGE_SHIFT, PAGE_SIZE, RAM_OFFSET } from '../../vmm/memory/layout.js';
import { PageStates } from '../../vmm/memory/page-states.js';
import { chunkOf, isStored, placeOf } from '../../vmm/snapshot/page-index.js';
import { chunkRef, readChunk, StateReader } from '../../vmm/snapshot/state-reader.js';
import { NodeCodec } from './node-codec.js';
import { SaveCancelled, StateSaver } from './state-saver.js';

const RAM_PAGES = (16 << 20) / PAGE_SIZE;
const FIRST_WRITTEN = 0x10_0000 / PAGE_SIZE;
const WRITTEN = 2048;

/** inc eax; store it in each of 2048 pages from 1 MiB on; again: pages hold n, then from some page on n - 1. */
const COUNTING = [
  0x40, // inc eax
  0xbf, 0x00, 0x00, 0x10, 0x00, // mov edi, 100000h
  0xb9, 0x00, 0x08, 0x00, 0x00, // mov ecx, 2048
  0x89, 0x07, // mov [edi], eax
  0x81, 0xc7, 0x00, 0x10, 0x00, 0x00, // add edi, 1000h
  0xe2, 0xf6, // loop
  0xeb, 0xe9, // jmp to the start
]; // prettier-ignore

function countingCpu(): BareCpu {
  const cpu = new BareCpu('protected').load(COUNTING);
  cpu.run(100_000);
  return cpu;
}

/** Saves the machine while its program runs on whenever the saver writes. */
function saveWhileRunning(cpu: BareCpu, cancelled = () => false) {
  const { memory, engine } = cpu;
  const buffers = AsideRing.create(RAM_PAGES);
  memory.pages.copyAsideTo(new AsideRing(buffers));
  const frozen = { ...memory.freeze(false), state: cpu.state as never, videoMemory: new Uint8Array(PAGE_SIZE) };
  const ram = memory.bytes.slice(RAM_OFFSET, RAM_OFFSET + memory.ramBytes);
  const parts: Uint8Array[] = [];
  const saver = new StateSaver({
    pages: new PageStates(memory.wasm.buffer),
    aside: new AsideRing(buffers),
    sink: {
      append(bytes) {
        parts.push(bytes.slice());
        engine.run(997);
      },
    },
    codec: new NodeCodec(),
    cancelled,
    progress: () => undefined,
  });
  const saved = saver.save(frozen, {
    id: '00000000-0000-4000-8000-00000000000a',
    base: null,
    takenAtMs: 0,
    machine: { machineId: '', memoryBytes: memory.ramBytes, videoMemoryBytes: PAGE_SIZE },
  });
  return { ram, saved, file: Uint8Array.from(Buffer.concat(parts)) };
}

function ramOf(file: Uint8Array): Uint8Array {
  const codec = new NodeCodec();
  const reader = new StateReader(inMemory(file), codec);
  const ram = new Uint8Array(RAM_PAGES * PAGE_SIZE);
  reader.index.forEach((word, page) => {
    if (!isStored(word)) return;
    const chunk = readChunk(inMemory(file), codec, chunkRef(reader.manifest.chunks, chunkOf(word)));
    ram.set(chunk.subarray(placeOf(word) * PAGE_SIZE, (placeOf(word) + 1) * PAGE_SIZE), page * PAGE_SIZE);
  });
  return ram;
}

describe('StateSaver', () => {
  it('saves the RAM of one moment, however much the guest writes meanwhile', { timeout: 30_000 }, () => {
    const cpu = countingCpu();
    const { ram, saved, file } = saveWhileRunning(cpu);
    expect(Buffer.compare(ramOf(file), ram)).toBe(0);
    const now = cpu.memory.bytes.subarray(RAM_OFFSET, RAM_OFFSET + cpu.memory.ramBytes);
    expect(Buffer.compare(now, ram)).not.toBe(0);
    expect(saved.stored + saved.zero).toBe(RAM_PAGES);
    expect(saved.fileBytes).toBe(file.length);
  });

  it('knows afterwards what has changed since', () => {
    const cpu = countingCpu();
    saveWhileRunning(cpu);
    for (let more = 0; more < 30; more++) cpu.engine.run(1000);
    expect(cpu.memory.freeze(false).pendingPages).toBeGreaterThanOrEqual(WRITTEN);
    const raw = cpu.memory.pages.raw.subarray(RAM_OFFSET >>> PAGE_SHIFT);
    const untouched = raw.subarray(FIRST_WRITTEN + WRITTEN, RAM_PAGES).filter((state) => state !== 1);
    expect(untouched.length).toBe(0);
  });

  it('gives up when asked to', () => {
    let looks = 0;
    expect(() => saveWhileRunning(countingCpu(), () => ++looks > 2)).toThrow(SaveCancelled);
  });
});
