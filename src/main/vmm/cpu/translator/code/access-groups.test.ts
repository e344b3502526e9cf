import { expect, test } from 'vitest';
import { AccessGroups, NO_VALUE, type Place } from './access-groups.js';
import { RegionLocals } from './region-locals.js';

const at = (distance: number, base = 4): Place => ({ base, index: NO_VALUE, scale: 0, distance });

test('a group reaches from its lowest byte to its highest, and knows whether any is written', () => {
  const groups = new AccessGroups(new RegionLocals());
  const group = groups.begin(at(8), 4, false);
  expect(groups.join(at(0), 8, false)).toBe(group);
  expect(groups.join(at(40), 8, true)).toBe(group);
  expect([group.from, group.to, group.accesses, group.writes]).toEqual([-8, 40, 3, true]);
});

test('accesses of another base, or too far away, are not of the group', () => {
  const groups = new AccessGroups(new RegionLocals());
  const group = groups.begin(at(0), 8, false);
  expect(groups.join(at(0, 5), 8, false)).toBeUndefined();
  for (const other of [{ index: 4 }, { scale: 1 }]) {
    expect(groups.join({ ...at(0), ...other }, 8, false)).toBeUndefined();
  }
  expect(groups.join(at(-121), 8, true)).toBeUndefined();
  expect([group.from, group.to, group.accesses, group.writes]).toEqual([0, 8, 1, false]);
  expect(groups.join(at(-120), 8, false)).toBe(group);
});

test('groups that hold at the same time have pointers of their own; the oldest makes room', () => {
  const groups = new AccessGroups(new RegionLocals());
  const all = Array.from({ length: 9 }, (_, i) => groups.begin(at(0, i), 8, false));
  expect(new Set(all.slice(0, 8).map(({ pointer }) => pointer)).size).toBe(8);
  expect(all[8]!.pointer).toBe(all[0]!.pointer);
  expect(groups.join(at(0, 0), 8, false)).toBeUndefined();
  expect(groups.join(at(0, 1), 8, false)).toBe(all[1]);
});

test('what held at a place holds again when code goes on from there', () => {
  const groups = new AccessGroups(new RegionLocals());
  const group = groups.begin(at(0), 8, false);
  const here = groups.snapshot();
  groups.restore();
  expect(groups.join(at(8), 8, false)).toBeUndefined();
  groups.restore(here);
  expect(groups.join(at(8), 8, false)).toBe(group);
});
