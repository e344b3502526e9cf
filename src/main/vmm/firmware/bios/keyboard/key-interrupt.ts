import type { AddressSpace } from '../address-space.js';
import { BDA } from '../data-area.js';
import { keyCodes, type KeyCodes } from './key-table.js';
import type { KeyBuffer } from './key-buffer.js';

/** Shift state, BDA 40:17h. */
export const SHIFT = {
  right: 0x01,
  left: 0x02,
  control: 0x04,
  alt: 0x08,
  scroll: 0x10,
  num: 0x20,
  caps: 0x40,
  insert: 0x80,
} as const;
/** BDA 40:18h: what is held down; bit 3 is the pause state. */
const HELD = { leftControl: 0x01, leftAlt: 0x02, systemRequest: 0x04, pause: 0x08, scroll: 0x10, num: 0x20, caps: 0x40, insert: 0x80 } as const; // prettier-ignore
/** BDA 40:96h. */
const MODE = { lastWasE1: 0x01, lastWasE0: 0x02, rightControl: 0x04, rightAlt: 0x08, enhanced: 0x10 } as const;

/** Acknowledgements and errors of the keyboard, which come through the same port. */
const IGNORED: ReadonlySet<number> = new Set([0x00, 0xee, 0xfa, 0xfe, 0xff]);

const BREAK = 0x80;
const PREFIX_E0 = 0xe0;
const PREFIX_E1 = 0xe1;

/** What the interrupt's ROM part does after a key. */
export type KeyAction = 'none' | 'break' | 'print-screen' | 'pause' | 'reset';

const LOCKS: Readonly<Record<number, { readonly state: number; readonly held: number }>> = {
  0x3a: { state: SHIFT.caps, held: HELD.caps },
  0x45: { state: SHIFT.num, held: HELD.num },
  0x46: { state: SHIFT.scroll, held: HELD.scroll },
};

/** Turns set-1 scan codes into shift state and key codes in the data area: the inside of INT 09h. */
export class KeyInterrupt {
  constructor(
    private readonly memory: AddressSpace,
    private readonly buffer: KeyBuffer,
    private readonly setLeds: (leds: number) => void,
  ) {}

  handle(scan: number): KeyAction {
    const mode = this.memory.read8(BDA.keyboardMode);
    if (scan === PREFIX_E0 || scan === PREFIX_E1) {
      this.memory.write8(BDA.keyboardMode, mode | (scan === PREFIX_E0 ? MODE.lastWasE0 : MODE.lastWasE1));
      return 'none';
    }
    const extended = (mode & MODE.lastWasE0) !== 0;
    const afterE1 = (mode & MODE.lastWasE1) !== 0;
    // Pause is E1 1D 45: the prefix covers two codes.
    const keepE1 = afterE1 && (scan & 0x7f) === 0x1d;
    this.memory.write8(BDA.keyboardMode, mode & ~(MODE.lastWasE0 | (keepE1 ? 0 : MODE.lastWasE1)));
    if (keepE1 || IGNORED.has(scan)) return 'none';
    if (afterE1) return scan & BREAK ? 'none' : this.pause();
    return this.key(scan & 0x7f, (scan & BREAK) !== 0, extended);
  }

  private key(scan: number, released: boolean, extended: boolean): KeyAction {
    if (this.shiftKey(scan, released, extended)) return 'none';
    if (released) {
      if (scan === 0x52) this.setHeld(HELD.insert, false);
      else if (LOCKS[scan]) this.setHeld(LOCKS[scan].held, false);
      return 'none';
    }
    const state = this.memory.read8(BDA.shiftFlags);
    if (scan === 0x53 && state & SHIFT.control && state & SHIFT.alt) return 'reset';
    if (scan === 0x46 && state & SHIFT.control) return this.controlBreak();
    if (extended && scan === 0x37) return 'print-screen';
    if (!extended && scan === 0x37 && state & (SHIFT.left | SHIFT.right)) return 'print-screen';
    if (LOCKS[scan] && !extended) return this.lockKey(scan);
    if (this.memory.read8(BDA.shiftFlags2) & HELD.pause) {
      this.setHeld(HELD.pause, false);
      return 'none';
    }
    this.enter(scan, extended, state);
    return 'none';
  }

  /** @returns whether the key was Shift, Ctrl or Alt */
  private shiftKey(scan: number, released: boolean, extended: boolean): boolean {
    switch (scan) {
      case 0x2a:
      case 0x36:
        if (!extended) this.setState(scan === 0x2a ? SHIFT.left : SHIFT.right, !released);
        return true;
      case 0x1d:
        this.holdBoth(SHIFT.control, HELD.leftControl, MODE.rightControl, released, extended);
        return true;
      case 0x38:
        this.holdBoth(SHIFT.alt, HELD.leftAlt, MODE.rightAlt, released, extended);
        if (released) this.enterAltKeypad();
        return true;
      default:
        return false;
    }
  }

  /** Ctrl and Alt exist twice: the common bit is set while either is down. */
  private holdBoth(state: number, left: number, right: number, released: boolean, isRight: boolean): void {
    if (isRight) this.setBit(BDA.keyboardMode, right, !released);
    else this.setHeld(left, !released);
    const leftDown = this.memory.read8(BDA.shiftFlags2) & left;
    const rightDown = this.memory.read8(BDA.keyboardMode) & right;
    this.setState(state, (leftDown | rightDown) !== 0);
  }

  private lockKey(scan: number): KeyAction {
    const { state, held } = LOCKS[scan]!;
    if (this.memory.read8(BDA.shiftFlags) & SHIFT.control && scan === 0x45) return this.pause();
    if (this.memory.read8(BDA.shiftFlags2) & held) return 'none'; // typematic
    this.setHeld(held, true);
    this.memory.write8(BDA.shiftFlags, this.memory.read8(BDA.shiftFlags) ^ state);
    this.updateLeds();
    return 'none';
  }

  private enter(scan: number, extended: boolean, state: number): void {
    if (scan === 0x52 && !(state & SHIFT.alt)) this.insertKey();
    const codes = keyCodes(scan, extended);
    if (!codes) return;
    if (state & SHIFT.alt && codes.lock === 'num' && this.altKeypadDigit(codes)) return;
    const code = chooseCode(codes, state);
    if (code !== 0) this.buffer.put(code);
  }

  private insertKey(): void {
    if (this.memory.read8(BDA.shiftFlags2) & HELD.insert) return;
    this.setHeld(HELD.insert, true);
    this.memory.write8(BDA.shiftFlags, this.memory.read8(BDA.shiftFlags) ^ SHIFT.insert);
  }

  /** Alt with keypad digits composes a character by its decimal code. */
  private altKeypadDigit(codes: KeyCodes): boolean {
    const digit = (codes.shift & 0xff) - 0x30;
    if (digit < 0 || digit > 9) return false;
    this.memory.write8(BDA.altKeypad, (this.memory.read8(BDA.altKeypad) * 10 + digit) & 0xff);
    return true;
  }

  private enterAltKeypad(): void {
    const character = this.memory.read8(BDA.altKeypad);
    if (character !== 0) this.buffer.put(character);
    this.memory.write8(BDA.altKeypad, 0);
  }

  private controlBreak(): KeyAction {
    this.buffer.reset();
    this.buffer.put(0);
    this.memory.write8(BDA.breakFlag, 0x80);
    return 'break';
  }

  private pause(): KeyAction {
    if (this.memory.read8(BDA.shiftFlags2) & HELD.pause) return 'none';
    this.setHeld(HELD.pause, true);
    return 'pause';
  }

  get paused(): boolean {
    return (this.memory.read8(BDA.shiftFlags2) & HELD.pause) !== 0;
  }

  private updateLeds(): void {
    const leds = (this.memory.read8(BDA.shiftFlags) >> 4) & 7;
    this.memory.write8(BDA.keyboardLeds, (this.memory.read8(BDA.keyboardLeds) & ~7) | leds);
    this.setLeds(leds);
  }

  private setState(mask: number, on: boolean): void {
    this.setBit(BDA.shiftFlags, mask, on);
  }

  private setHeld(mask: number, on: boolean): void {
    this.setBit(BDA.shiftFlags2, mask, on);
  }

  private setBit(address: number, mask: number, on: boolean): void {
    const old = this.memory.read8(address);
    this.memory.write8(address, on ? old | mask : old & ~mask);
  }
}

function chooseCode(codes: KeyCodes, state: number): number {
  if (state & SHIFT.alt) return codes.alt;
  if (state & SHIFT.control) return codes.control;
  const shifted = (state & (SHIFT.left | SHIFT.right)) !== 0;
  const locked = codes.lock !== undefined && (state & SHIFT[codes.lock]) !== 0;
  return shifted !== locked ? codes.shift : codes.plain;
}
