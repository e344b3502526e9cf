import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { VmChild } from './process-starter.js';
import { VmLink } from './vm-link.js';

const MINUTE = 60_000;
const layer = '/disk.qcow2';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A call to a process that answers nothing but what a test lets it say. */
function setUp() {
  let say = (_message: unknown): void => {};
  const child: VmChild = { pid: 1, send() {}, onMessage: (listener) => (say = listener), onExit() {}, kill() {} };
  const link = new VmLink(child, { onNews() {}, onExit() {} });
  let end = 'under way';
  link.call({ name: 'merge-layer', driveId: 'disk0', layer }).then(
    () => (end = 'done'),
    (error: { code: string }) => (end = error.code),
  );
  return { say: (message: unknown) => say(message), end: () => end };
}

it('waits for a merge as long as it tells of progress', async () => {
  const { say, end } = setUp();
  for (let minute = 0; minute < 120; minute++) {
    await vi.advanceTimersByTimeAsync(MINUTE);
    say({ type: 'merge-progress', driveId: 'disk0', layer, doneBytes: minute, totalBytes: 120 });
  }
  expect(end()).toBe('under way');
  say({ type: 'reply', id: 1, value: undefined });
  await vi.advanceTimersByTimeAsync(0);
  expect(end()).toBe('done');
});

it('gives a merge up that tells of none', async () => {
  const { say, end } = setUp();
  await vi.advanceTimersByTimeAsync(4 * MINUTE);
  say({ type: 'snapshot-progress', path: '/x.state', doneBytes: 1, totalBytes: 2 });
  await vi.advanceTimersByTimeAsync(2 * MINUTE);
  expect(end()).toBe('vm-process-silent');
});
