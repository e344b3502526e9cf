import type { InputEvent } from '../../shared/contract/input.js';

/** Time between two characters, in ms: what firmware menus and a loaded guest still keep up with. */
const CHARACTER_MS = 15;

/** Types text into the guest one character after the other, as a fast person would. */
export class Typist {
  private queue: (readonly InputEvent[])[] = [];
  private timer: NodeJS.Timeout | undefined;
  private paused = false;

  constructor(private readonly press: (events: readonly InputEvent[]) => void) {}

  /** @param strokes events of each character */
  type(strokes: readonly (readonly InputEvent[])[]): void {
    this.queue.push(...strokes);
    this.schedule();
  }

  /** While the machine is paused nobody reads the keyboard. */
  setPaused(paused: boolean): void {
    this.paused = paused;
    this.schedule();
  }

  stop(): void {
    this.queue = [];
    this.schedule();
  }

  private schedule(): void {
    const idle = this.paused || this.queue.length === 0;
    if (idle) clearInterval(this.timer);
    if (idle) this.timer = undefined;
    else this.timer ??= setInterval(() => this.next(), CHARACTER_MS);
  }

  private next(): void {
    const stroke = this.queue.shift();
    if (stroke) this.press(stroke);
    this.schedule();
  }
}
