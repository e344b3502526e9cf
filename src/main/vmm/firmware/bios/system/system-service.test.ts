import { describe, expect, it } from 'vitest';
import { BiosBoard } from '../../../../../testing/bios-board.js';

const MIB = 1 << 20;

function boardAfterPost(memoryBytes = 64 * MIB): BiosBoard {
  const board = new BiosBoard({ spec: { memoryBytes } });
  board.post();
  return board;
}

/** All E820 entries, as a guest gathers them. */
function e820(board: BiosBoard): { start: number; length: number; type: number }[] {
  const entries = [];
  for (let ebx = 0, n = 0; n < 32; n++) {
    const r = board.interrupt(0x15, { eax: 0xe820, ebx, ecx: 20, edx: 0x534d_4150, es: 0x2000, edi: 0 });
    expect([r.carry, r.eax, r.ecx]).toEqual([false, 0x534d_4150, 20]);
    const field = (at: number): number => board.memory.read32(0x2_0000 + at);
    entries.push({ start: field(0), length: field(8), type: field(16) });
    if (r.ebx === 0) break;
    ebx = r.ebx;
  }
  return entries;
}

describe('INT 15h', () => {
  it('maps memory without gaps in RAM or overlaps', () => {
    const entries = e820(boardAfterPost());
    for (const [i, entry] of entries.entries()) {
      if (i > 0) expect(entry.start).toBeGreaterThanOrEqual(entries[i - 1]!.start + entries[i - 1]!.length);
    }
    expect(entries[0]).toEqual({ start: 0, length: 0x9_fc00, type: 1 });
    expect(entries.find((e) => e.start === MIB)).toEqual({ start: MIB, length: 63 * MIB - 0x1_0000, type: 1 });
    expect(entries.some((e) => e.type === 3)).toBe(true);
  });

  it('refuses E820 without its signature', () => {
    expect(boardAfterPost().interrupt(0x15, { eax: 0xe820, ebx: 0, ecx: 20, edx: 0 }).carry).toBe(true);
  });

  it('tells the same size by the older functions', () => {
    const board = boardAfterPost();
    const usable = 63 * 1024 - 64;
    expect(board.interrupt(0x15, { eax: 0x8800 }).eax & 0xffff).toBe(usable);
    const e801 = board.interrupt(0x15, { eax: 0xe801 });
    expect([e801.eax & 0xffff, e801.ebx & 0xffff]).toEqual([15 * 1024, Math.floor((usable - 15 * 1024) / 64)]);
    expect(board.interrupt(0x12).eax & 0xffff).toBe(639);
  });

  it('switches A20', () => {
    const board = boardAfterPost();
    board.interrupt(0x15, { eax: 0x2400 });
    expect(board.cpu.a20).toBe(false);
    expect(board.interrupt(0x15, { eax: 0x2402 }).eax & 0xff).toBe(0);
    board.interrupt(0x15, { eax: 0x2401 });
    expect(board.cpu.a20).toBe(true);
  });

  it('moves blocks above 1 MiB by descriptors', () => {
    const board = boardAfterPost();
    board.memory.write32(0x3_0000, 0x1357_9bdf);
    const descriptor = (at: number, base: number): void => {
      board.memory.write16(0x6000 + at, 0xffff);
      board.memory.write32(0x6000 + at + 2, (base & 0xff_ffff) | (0x93 << 24));
      board.memory.write16(0x6000 + at + 6, (base >>> 24) << 8);
    };
    descriptor(0x10, 0x3_0000);
    descriptor(0x18, 0x0234_5678);
    expect(board.interrupt(0x15, { eax: 0x8700, ecx: 2, es: 0, esi: 0x6000 }).carry).toBe(false);
    expect(board.memory.read32(0x0234_5678)).toBe(0x1357_9bdf);
  });

  it('waits as long as asked', () => {
    const board = boardAfterPost();
    const before = board.clock.nowNs();
    board.interrupt(0x15, { eax: 0x8600, ecx: 0, edx: 20_000 });
    expect(board.clock.nowNs() - before).toBeGreaterThanOrEqual(20_000_000);
  });

  it('says what it does not support', () => {
    const apm = boardAfterPost().interrupt(0x15, { eax: 0x5300 });
    expect([apm.carry, (apm.eax >> 8) & 0xff]).toEqual([true, 0x86]);
  });

  it('resets and enables the mouse, once a routine is installed', () => {
    const board = boardAfterPost();
    expect(board.interrupt(0x15, { eax: 0xc200, ebx: 0x0100 }).eax >> 8).toBe(5);
    board.interrupt(0x15, { eax: 0xc207, ebx: 0x1234, es: 0x5678 });
    const reset = board.interrupt(0x15, { eax: 0xc201 });
    expect([reset.carry, reset.ebx & 0xff]).toEqual([false, 0xaa]);
    expect(board.interrupt(0x15, { eax: 0xc200, ebx: 0x0100 }).carry).toBe(false);
  });
});

describe('INT 1Ah', () => {
  it('reads the clock and counts ticks from its time of day', () => {
    const board = boardAfterPost();
    const time = board.interrupt(0x1a, { eax: 0x0200 });
    expect([time.ecx & 0xffff, (time.edx >> 8) & 0xff]).toEqual([0x2359, 0x58]);
    const date = board.interrupt(0x1a, { eax: 0x0400 });
    expect([date.ecx & 0xffff, date.edx & 0xffff]).toEqual([0x2024, 0x0228]);
    const ticks = board.interrupt(0x1a, { eax: 0x0000 });
    const count = ((ticks.ecx & 0xffff) << 16) | (ticks.edx & 0xffff);
    expect(count).toBeCloseTo(86398 * 18.2065, -2);
  });

  it('finds PCI functions and reads their configuration', () => {
    const board = boardAfterPost();
    const check = board.interrupt(0x1a, { eax: 0xb101 });
    expect([check.carry, check.edx, check.ebx & 0xffff]).toEqual([false, 0x2049_4350, 0x0210]);
    const vga = board.interrupt(0x1a, { eax: 0xb102, edx: 0x1234, ecx: 0x1111, esi: 0 });
    expect([vga.carry, vga.ebx & 0xffff]).toEqual([false, 0x0010]);
    expect(board.interrupt(0x1a, { eax: 0xb109, ebx: 0x0010, edi: 2 }).ecx & 0xffff).toBe(0x1111);
    expect(board.interrupt(0x1a, { eax: 0xb102, edx: 0x1234, ecx: 0x1111, esi: 1 }).eax >> 8).toBe(0x86);
    expect(board.interrupt(0x1a, { eax: 0xb109, ebx: 0x0010, edi: 3 }).eax >> 8).toBe(0x87);
  });
});
