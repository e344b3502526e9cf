import { describe, expect, it } from 'vitest';
import type { MachineMetrics } from '../../../shared/contract/machine-view.js';
import { axisLines, diskTotals, seriesUnder, stack, toCsv, windowOf } from './chart-data.js';

function sample(at: number, rates: Record<string, number> = {}): MachineMetrics {
  return {
    machineId: 'm',
    at,
    cpuLoad: 0.5,
    instructionsPerSecond: 1e6,
    rates,
    disks: { a: { readBytes: 1, writeBytes: 2 }, b: { readBytes: 10, writeBytes: 20 } },
    memory: { residentBytes: 3, guestBytes: 4 },
    uptimeSeconds: at / 1000,
    screen: { width: 640, height: 480, graphics: true },
    keyboardLeds: { caps: false, num: false, scroll: false },
    absolutePointer: false,
  };
}

describe('windowOf', () => {
  const samples = [0, 1000, 2000, 3000].map((at) => sample(at));

  it('keeps one sample before the range, so that the line reaches its edge', () => {
    expect(windowOf(samples, 1500, 3000).map((s) => s.at)).toEqual([1000, 2000, 3000]);
    expect(windowOf(samples, 60_000, 3000)).toHaveLength(4);
    expect(windowOf([], 1000, 3000)).toEqual([]);
  });
});

describe('seriesUnder', () => {
  const samples = [
    sample(0, { 'exit.a': 1, 'exit.b': 5, 'exit.c': 2, 'other': 99 }),
    sample(1, { 'exit.b': 5, 'exit.c': 1 }),
  ];

  it('orders by size and fills gaps with zero', () => {
    expect(seriesUnder(samples, 'exit.', 5)).toEqual([
      { name: 'b', values: [5, 5] },
      { name: 'c', values: [2, 1] },
      { name: 'a', values: [1, 0] },
    ]);
  });

  it('sums what does not fit', () => {
    expect(seriesUnder(samples, 'exit.', 2)).toEqual([
      { name: 'b', values: [5, 5] },
      { name: 'rest', values: [3, 1] },
    ]);
  });
});

describe('stack', () => {
  it('adds the series below', () => {
    const stacked = stack([
      { name: 'a', values: [1, 2] },
      { name: 'b', values: [10, 20] },
    ]);
    expect(stacked[1]).toEqual({ name: 'b', values: [11, 22] });
  });
});

describe('figures', () => {
  it('sums drives', () => {
    expect(diskTotals(sample(0))).toEqual({ read: 11, write: 22 });
  });

  it('rounds axes up', () => {
    expect(axisLines(384e6, false)).toEqual([0, 2e8, 4e8]);
    expect(axisLines(26_000, false)).toEqual([0, 10_000, 20_000, 30_000]);
    expect(axisLines(1.2 * 2 ** 30, true)).toEqual([0, 2 ** 29, 2 ** 30, 1.5 * 2 ** 30]);
  });

  it('writes a table with a column per counter', () => {
    const lines = toCsv([sample(0, { x: 7 }), sample(1000, { y: 8 })]).split('\n');
    expect(lines[0]).toMatch(/resident_bytes,x,y$/);
    expect(lines[2]).toMatch(/^1970-01-01T00:00:01.000Z,0.5,1000000,11,22,3,0,8$/);
  });
});
