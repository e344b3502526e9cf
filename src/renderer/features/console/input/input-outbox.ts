import type { InputEvent } from '../../../../shared/contract/input.js';

/** Events one request may carry. */
const MAX_EVENTS = 1024;
const MAX_MOVE = 32767;
const MAX_WHEEL = 127;

/**
 * Sends input in order with one request under way at a time. What gathers meanwhile goes with the next one; motion that
 * would only be overtaken is joined, so a slow link delays the pointer but never floods it.
 */
export class InputOutbox {
  private waiting: InputEvent[] = [];
  private sending = false;

  /** @param send resolves when the machine has the events; a rejection drops them */
  constructor(private readonly send: (events: InputEvent[]) => Promise<unknown>) {}

  push(events: readonly InputEvent[]): void {
    for (const event of events) this.add(event);
    if (!this.sending) void this.drain();
  }

  private async drain(): Promise<void> {
    this.sending = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_EVENTS);
      await this.send(batch).catch(() => undefined);
    }
    this.sending = false;
  }

  private add(event: InputEvent): void {
    const last = this.waiting.at(-1);
    const joined = last && join(last, event);
    if (joined) this.waiting[this.waiting.length - 1] = joined;
    else this.waiting.push(event);
  }
}

/** Two motions with the same buttons as one, where that loses nothing. */
function join(a: InputEvent, b: InputEvent): InputEvent | undefined {
  if (a.type === 'point' && b.type === 'point' && a.buttons === b.buttons && a.wheel === 0) return b;
  if (a.type !== 'move' || b.type !== 'move' || a.buttons !== b.buttons) return undefined;
  const [dx, dy, wheel] = [a.dx + b.dx, a.dy + b.dy, a.wheel + b.wheel];
  const fits = Math.abs(dx) <= MAX_MOVE && Math.abs(dy) <= MAX_MOVE && Math.abs(wheel) <= MAX_WHEEL;
  return fits ? { ...b, dx, dy, wheel } : undefined;
}
