import { describe, expect, it } from 'vitest';
import { CompletionQueue } from './completion-queue.js';
import { MediumSlot } from './medium-slot.js';
import { MemoryDisk } from './memory-disk.js';

function setUp() {
  const log: string[] = [];
  const slot = new MediumSlot({
    ejected: () => log.push('ejected'),
    lockChanged: (locked) => log.push(locked ? 'locked' : 'unlocked'),
  });
  slot.onChange(() => log.push(slot.medium === undefined ? 'out' : 'in'));
  const medium = new MemoryDisk(new Uint8Array(), new Uint8Array(2048), new CompletionQueue());
  return { log, slot, medium };
}

describe('MediumSlot', () => {
  it('tells the device of media coming and going', () => {
    const { log, slot, medium } = setUp();
    slot.insert(medium);
    expect(slot.medium).toBe(medium);
    expect(slot.eject()).toBe(true);
    expect(slot.medium).toBeUndefined();
    expect(log).toEqual(['in', 'out']);
  });

  it('keeps a medium the guest has locked, unless forced', () => {
    const { log, slot, medium } = setUp();
    slot.insert(medium);
    slot.setLocked(true);
    expect(slot.eject()).toBe(false);
    expect(slot.medium).toBe(medium);
    expect(slot.eject(true)).toBe(true);
    expect(slot.locked).toBe(false);
    expect(log).toEqual(['in', 'locked', 'unlocked', 'out']);
  });

  it('tells its owner when the guest ejects, and only if there was something to eject', () => {
    const { log, slot, medium } = setUp();
    slot.ejectRequested();
    expect(log).toEqual([]);
    slot.insert(medium);
    slot.ejectRequested();
    expect(log).toEqual(['in', 'out', 'ejected']);
  });
});
