import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HeartbeatWatch } from './heartbeat.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('reports silence once, and its end', () => {
  const changes: boolean[] = [];
  const watch = new HeartbeatWatch((stalled) => changes.push(stalled), 5000);
  watch.start();
  vi.advanceTimersByTime(4999);
  watch.beat(true);
  vi.advanceTimersByTime(4999);
  expect(changes).toEqual([]);
  vi.advanceTimersByTime(20_000);
  expect(changes).toEqual([true]);
  watch.beat(true);
  expect(changes).toEqual([true, false]);
});

it('reports a machine thread that hangs behind a lively I/O thread', () => {
  const changes: boolean[] = [];
  const watch = new HeartbeatWatch((stalled) => changes.push(stalled), 5000);
  watch.start();
  watch.beat(false);
  expect(changes).toEqual([true]);
});

it('is silent once stopped', () => {
  const changes: boolean[] = [];
  const watch = new HeartbeatWatch((stalled) => changes.push(stalled), 5000);
  watch.start();
  watch.stop();
  vi.advanceTimersByTime(60_000);
  expect(changes).toEqual([]);
});
