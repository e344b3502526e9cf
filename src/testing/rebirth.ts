import { expect } from 'vitest';
import { decodePlain, encodePlain } from '../main/vmm/snapshot/plain-value.js';
import { Guest, type GuestOptions, type SavedGuest } from './guest.js';

/** What differs although nothing is wrong. */
const MOVING = new Set(['clockNs']);

/** Saves a guest and makes it anew from what a file would hold of it; every register of every device must be the same. */
export function rebirth(guest: Guest, options: GuestOptions): Guest {
  const saved = guest.save();
  const { screen } = guest;
  const state = decodePlain(encodePlain(saved.state)) as SavedGuest['state'];
  const next = new Guest({ ...options, from: { ...saved, state } });
  expectSame(saved, next.save());
  expect(next.screen).toBe(screen);
  return next;
}

/** Runs a guest to a screen through as many lives as that takes. */
export function throughLives(options: () => GuestOptions, screen: RegExp, first = new Guest(options())): Guest {
  let guest = first;
  for (let lives = 0; !screen.test(guest.screen) && lives < 300; lives++) {
    guest.runUntil(() => screen.test(guest.screen), 0.05 + 0.03 * (lives % 5));
    guest = rebirth(guest, options());
  }
  expect(guest.screen).toMatch(screen);
  return guest;
}

/** Leaves of a state by place, but for those that move by themselves. */
function leaves(value: unknown, place = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [[place, value]];
  return Object.entries(value).flatMap(([key, part]) => (MOVING.has(key) ? [] : leaves(part, `${place}.${key}`)));
}

function expectSame(saved: SavedGuest, again: SavedGuest): void {
  const before = new Map(leaves(saved.state));
  const differing = leaves(again.state).filter(([place, value]) => {
    const was = before.get(place);
    if (value instanceof Uint8Array && was instanceof Uint8Array) return Buffer.compare(value, was) !== 0;
    return !Object.is(value, was);
  });
  expect(differing.map(([place, value]) => `${place}: ${String(before.get(place))} → ${String(value)}`)).toEqual([]);
}
