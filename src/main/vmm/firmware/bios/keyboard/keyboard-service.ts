import { BDA } from '../data-area.js';
import type { ServiceCall, Wait } from '../service-call.js';
import type { KeyBuffer } from './key-buffer.js';

/** More than the ring ever holds unless a program enlarged it. */
const MAX_CODES = 256;

/** The old functions do not know E0h codes: grey keys look like the keypad's, and codes of new keys are dropped. */
function toOldCode(code: number): number | undefined {
  const ascii = code & 0xff;
  const scan = code >> 8;
  if (scan === 0xe0) return ascii === 0x2f ? 0x352f : 0x1c00 | ascii;
  if (ascii === 0xe0 && scan !== 0) return code & 0xff00 && scan <= 0x84 ? code & 0xff00 : undefined;
  return scan > 0x84 ? undefined : code;
}

/** INT 16h. */
export class KeyboardService {
  constructor(private readonly buffer: KeyBuffer) {}

  handle(call: ServiceCall): void | Generator<Wait, void> {
    switch (call.ah) {
      case 0x00:
        return this.read(call, toOldCode);
      case 0x10:
        return this.read(call, (code) => code);
      case 0x01:
        return this.check(call, toOldCode);
      case 0x11:
        return this.check(call, (code) => code);
      case 0x02:
        call.al = call.memory.read8(BDA.shiftFlags);
        return;
      case 0x12:
        return this.shiftStates(call);
      case 0x05:
        call.al = this.buffer.put(call.cx) ? 0 : 1;
        return;
      case 0x09:
        call.al = 0x64; // functions 0Ah, 10h–12h and typematic rates exist
        return;
      case 0x0a:
        call.bx = 0x83ab; // identifies a PS/2 keyboard
        return;
      case 0x92: // programs ask for the enhanced functions with these: AH unchanged minus 12h means present
        call.ah = 0x80;
        return;
      case 0xa2:
        call.ah = 0x80;
        return;
      default:
        return;
    }
  }

  private *read(call: ServiceCall, convert: (code: number) => number | undefined): Generator<Wait, void> {
    for (;;) {
      const converted = this.front(convert);
      if (converted !== undefined) {
        this.buffer.take();
        call.ax = converted;
        return;
      }
      yield 'interrupt';
    }
  }

  private check(call: ServiceCall, convert: (code: number) => number | undefined): void {
    const converted = this.front(convert);
    call.zero = converted === undefined;
    if (converted !== undefined) call.ax = converted;
  }

  /** The first code the caller knows; others before it are dropped. Bounded, as the ring's pointers are the guest's. */
  private front(convert: (code: number) => number | undefined): number | undefined {
    for (let i = 0; i < MAX_CODES; i++) {
      const code = this.buffer.peek();
      const converted = code === undefined ? undefined : convert(code);
      if (code === undefined || converted !== undefined) return converted;
      this.buffer.take();
    }
    return undefined;
  }

  /** AH=12h: the second state byte in a form of its own. */
  private shiftStates(call: ServiceCall): void {
    const held = call.memory.read8(BDA.shiftFlags2);
    const mode = call.memory.read8(BDA.keyboardMode);
    call.al = call.memory.read8(BDA.shiftFlags);
    call.ah = (held & 0x73) | ((held & 0x04) << 5) | (mode & 0x0c);
  }
}
