import { afterEach, describe, expect, it } from 'vitest';
import type { VcpuEngine } from '../../vmm/cpu/engine.js';
import { powerOnState } from '../../vmm/cpu/reset-state.js';
import type { AsideRing } from '../../vmm/memory/aside-ring.js';
import { GuestMemory } from '../../vmm/memory/guest-memory.js';
import { PAGE_SIZE, RAM_OFFSET } from '../../vmm/memory/layout.js';
import { createKvmVcpu, kvmMissing, SILENT_BUS } from '../../../testing/kvm.js';

const missing = kvmMissing();
const RAM_BYTES = 1 << 20;
const FIRST = RAM_OFFSET / PAGE_SIZE;
const PAGES = RAM_BYTES / PAGE_SIZE;
/** inc byte [5000h]; hlt; inc byte [9000h]; hlt; hlt; hlt */
const CODE = [0xfe, 0x06, 0x00, 0x50, 0xf4, 0xfe, 0x06, 0x00, 0x90, 0xf4, 0xf4, 0xf4];

let engine: VcpuEngine;
afterEach(() => engine.close());

/** A guest that stops at each HLT. */
function guest(): { memory: GuestMemory; step: () => void } {
  const memory = new GuestMemory(RAM_BYTES, 1 << 20);
  memory.mapRam(0, RAM_OFFSET, RAM_BYTES);
  memory.write(0x1000, Uint8Array.from(CODE));
  engine = createKvmVcpu(memory, SILENT_BUS);
  const state = powerOnState();
  const data = { selector: 0, base: 0n, limit: 0xffff, attributes: 0x93 };
  engine.loadState({
    ...state,
    rip: 0x1000n,
    segments: { ...state.segments, ds: data, cs: { ...data, attributes: 0x9b } },
  });
  const step = (): void => {
    engine.loadState({ ...engine.saveState(), halted: false });
    let exit = engine.run(1);
    while (exit.reason === 'budget') exit = engine.run(1);
    expect(exit).toEqual({ reason: 'halt' });
  };
  return { memory, step };
}

/** What the thread that saves does. */
function saveAll({ pages }: GuestMemory): void {
  const room = new Uint8Array(PAGE_SIZE);
  for (let page = FIRST; page < FIRST + PAGES; page++) pages.saveTo(page, room);
}

const changed = ({ pageStates, pendingPages }: ReturnType<GuestMemory['freeze']>): number[] => {
  const pages = [...pageStates].flatMap((state, page) => (state === 2 ? [page] : []));
  expect(pages).toHaveLength(pendingPages);
  return pages;
};

describe.skipIf(missing)(`the dirty log${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('says which pages a guest on KVM has written since they were saved', () => {
    const { memory, step } = guest();
    memory.freeze(true);
    saveAll(memory);
    step();
    expect(changed(memory.freeze(false))).toEqual([5]);
    saveAll(memory);
    step();
    expect(changed(memory.freeze(false))).toEqual([9]);
    saveAll(memory);
    step();
    expect(changed(memory.freeze(false))).toEqual([]);
  });

  it('counts what a device has written as well', () => {
    const { memory, step } = guest();
    memory.freeze(true);
    saveAll(memory);
    step();
    memory.write8(0x7123, 1);
    expect(changed(memory.freeze(false))).toEqual([5, 7]);
  });

  it('leaves the state to be saved as it was, though the guest writes meanwhile', () => {
    const { memory, step } = guest();
    memory.freeze(true);
    saveAll(memory);
    memory.write8(0x9000, 40);
    step();
    memory.freeze(false);
    const aside = new Map<number, number>();
    const ring = { push: (page: number, bytes: Uint8Array) => void aside.set(page - FIRST, bytes[0]!) };
    memory.pages.copyAsideTo(ring as unknown as AsideRing);
    step();
    expect([aside.get(5), aside.get(9)]).toEqual([1, 40]);
    expect(memory.read8(0x9000)).toBe(41);
    expect(changed(memory.freeze(false))).toEqual([9]);
  });
});
