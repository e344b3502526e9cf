import { expect, it } from 'vitest';
import type { InputEvent } from '../../../../shared/contract/input.js';
import { InputOutbox } from './input-outbox.js';

/** Requests under the test's control. */
function setUp() {
  const requests: InputEvent[][] = [];
  const answers: { resolve: () => void; reject: () => void }[] = [];
  const outbox = new InputOutbox((events) => {
    requests.push(events);
    return new Promise<void>((resolve, reject) => answers.push({ resolve, reject }));
  });
  return { outbox, requests, answers };
}

const move = (dx: number, buttons = 0): InputEvent => ({ type: 'move', dx, dy: 1, wheel: 0, buttons });
const key = (down: boolean): InputEvent => ({ type: 'key', code: 'KeyA', down });
const settled = () => new Promise((resolve) => setTimeout(resolve));

it('keeps one request under way and joins motion that waits, never across a key or button', async () => {
  const { outbox, requests, answers } = setUp();
  outbox.push([move(1)]);
  outbox.push([move(2), move(3), key(true), move(4), move(5, 1), move(6, 1)]);
  expect(requests).toEqual([[move(1)]]);
  answers[0]!.resolve();
  await settled();
  expect(requests[1]).toEqual([
    { type: 'move', dx: 5, dy: 2, wheel: 0, buttons: 0 },
    key(true),
    move(4),
    { type: 'move', dx: 11, dy: 2, wheel: 0, buttons: 1 },
  ]);
});

it('goes on after a refused request', async () => {
  const { outbox, requests, answers } = setUp();
  outbox.push([key(true)]);
  outbox.push([key(false)]);
  answers[0]!.reject();
  await settled();
  expect(requests).toEqual([[key(true)], [key(false)]]);
});

it('keeps only the last of waiting positions', async () => {
  const { outbox, requests, answers } = setUp();
  const point = (x: number): InputEvent => ({ type: 'point', x, y: 0, wheel: 0, buttons: 0 });
  outbox.push([key(true)]);
  outbox.push([point(1), point(2), point(3)]);
  answers[0]!.resolve();
  await settled();
  expect(requests[1]).toEqual([point(3)]);
});
