import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from './clock.js';
import { SteadyClock } from './steady-clock.js';

let host: ManualClock;
let clock: SteadyClock;

beforeEach(() => {
  host = new ManualClock(5e9);
  clock = new SteadyClock(host);
});

describe('steady clock', () => {
  it('follows the host while it runs smoothly', () => {
    for (let i = 0; i < 100; i++) {
      host.advance(1e6);
      expect(clock.nowNs()).toBe(5e9 + (i + 1) * 1e6);
    }
  });

  it('does not leap when the host stood still, and makes up for it little by little', () => {
    host.advance(50e6);
    expect(clock.nowNs()).toBeLessThan(5e9 + 4e6);
    let last = clock.nowNs();
    for (let i = 0; i < 1000; i++) {
      host.advance(1e6);
      const now = clock.nowNs();
      expect(now - last).toBeLessThanOrEqual(1.2e6);
      last = now;
    }
    expect(last).toBeCloseTo(host.nowNs(), 0);
  });

  it('is a plain clock without a longest step', () => {
    const plain = new SteadyClock(host, Infinity);
    host.advance(50e6);
    expect(plain.nowNs()).toBe(host.nowNs());
  });

  it('is on time again after the guest slept', () => {
    host.advance(50e6);
    clock.nowNs();
    host.advance(200e6);
    clock.slept();
    expect(clock.nowNs()).toBe(host.nowNs());
  });

  it('gives back a long stand-still over several sleeps', () => {
    host.advance(10e9);
    const before = clock.nowNs();
    host.advance(1e6);
    clock.slept();
    expect(clock.nowNs() - before).toBeLessThan(0.2e9);
    for (let i = 0; i < 200; i++) {
      host.advance(1e6);
      clock.slept();
    }
    expect(clock.nowNs()).toBeCloseTo(host.nowNs(), 0);
  });

  it('never goes back', () => {
    let last = clock.nowNs();
    for (const step of [0, 9e6, 0, 1e6, 50e6, 2e6]) {
      host.advance(step);
      const now = clock.nowNs();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });
});
