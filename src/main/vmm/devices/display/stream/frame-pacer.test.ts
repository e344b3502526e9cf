import { expect, it } from 'vitest';
import { FramePacer } from './frame-pacer.js';

const SCREEN = 1024 * 768;

function setUp() {
  const host = { now: 0, idle: 0, nowMs: () => host.now, idleCores: () => host.idle };
  const pacer = new FramePacer(host);
  return {
    pacer,
    host,
    /** The pause after a whole screen, a second later, with so many cores idle meanwhile. */
    pauseWith(idle: number): number {
      host.idle = idle;
      host.now += 1000;
      return pacer.pauseAfter(SCREEN);
    },
  };
}

it('holds full motion of 1024 × 768 to between 30 and 33 updates a second on a busy host', () => {
  const { pauseWith } = setUp();
  expect(1000 / pauseWith(0.1)).toBeGreaterThan(30);
  expect(1000 / pauseWith(0.1)).toBeLessThan(33);
});

it('holds back nothing on a calm host', () => {
  expect(setUp().pauseWith(1.5)).toBe(0);
});

it('changes over only where the change leaves room', () => {
  const { pauseWith } = setUp();
  const paced = (idle: number) => pauseWith(idle) > 0;
  expect([0.5, 0.9, 1.1, 0.5, 0.3, 0.2, 0.5, 0.9].map(paced)).toEqual([true, true, false, false, false, true, true, true]); // prettier-ignore
});

it('never holds back what is small, nor a large screen for long', () => {
  const { pauseWith, pacer } = setUp();
  pauseWith(0);
  expect(pacer.pauseAfter(0)).toBe(0);
  expect(pacer.pauseAfter(8 * 16 * 16)).toBeLessThan(1);
  expect(1000 / pacer.pauseAfter(2560 * 1600)).toBeGreaterThan(15);
});

it('asks for the load twice a second at most', () => {
  const { pacer, host } = setUp();
  let asked = 0;
  host.idleCores = () => ++asked;
  for (; host.now < 10_000; host.now += 16) pacer.pauseAfter(SCREEN);
  expect(asked).toBeLessThanOrEqual(20);
});
