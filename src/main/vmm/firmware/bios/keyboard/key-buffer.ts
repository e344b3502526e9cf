import type { AddressSpace } from '../address-space.js';
import { BDA } from '../data-area.js';

const SEGMENT = 0x400;

/** The ring of key codes in the data area. Programs read and write it directly, so it holds no state of its own. */
export class KeyBuffer {
  constructor(private readonly memory: AddressSpace) {}

  reset(): void {
    const start = BDA.keyboardBuffer - SEGMENT;
    this.memory.write16(BDA.keyboardStart, start);
    this.memory.write16(BDA.keyboardEnd, start + 32);
    this.memory.write16(BDA.keyboardHead, start);
    this.memory.write16(BDA.keyboardTail, start);
  }

  /** @returns false if the buffer is full */
  put(code: number): boolean {
    const tail = this.memory.read16(BDA.keyboardTail);
    const next = this.following(tail);
    if (next === this.memory.read16(BDA.keyboardHead)) return false;
    this.memory.write16(SEGMENT + tail, code);
    this.memory.write16(BDA.keyboardTail, next);
    return true;
  }

  peek(): number | undefined {
    const head = this.memory.read16(BDA.keyboardHead);
    return head === this.memory.read16(BDA.keyboardTail) ? undefined : this.memory.read16(SEGMENT + head);
  }

  take(): number | undefined {
    const code = this.peek();
    if (code === undefined) return undefined;
    this.memory.write16(BDA.keyboardHead, this.following(this.memory.read16(BDA.keyboardHead)));
    return code;
  }

  private following(position: number): number {
    const next = position + 2;
    return next >= this.memory.read16(BDA.keyboardEnd) ? this.memory.read16(BDA.keyboardStart) : next;
  }
}
