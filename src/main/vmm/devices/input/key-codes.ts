import type { KeyCode } from '../../../../shared/contract/input.js';

/** E0h-prefixed codes are written as 0xe0xx. */
const EXTENDED = 0xe000;

/** Keys whose sequence depends on the modifiers or is no plain make and break; see `keySequence`. */
export type SpecialKey = 'Pause' | 'PrintScreen';

/** Scan code set 2 of every key (IBM PS/2 technical reference, 101/102-key keyboard; Microsoft scan code specification 1.3a). */
// prettier-ignore
export const SET2_CODES: Readonly<Record<Exclude<KeyCode, SpecialKey>, number>> = {
  Escape: 0x76, Digit1: 0x16, Digit2: 0x1e, Digit3: 0x26, Digit4: 0x25, Digit5: 0x2e, Digit6: 0x36, Digit7: 0x3d,
  Digit8: 0x3e, Digit9: 0x46, Digit0: 0x45, Minus: 0x4e, Equal: 0x55, Backspace: 0x66, Tab: 0x0d,
  KeyQ: 0x15, KeyW: 0x1d, KeyE: 0x24, KeyR: 0x2d, KeyT: 0x2c, KeyY: 0x35, KeyU: 0x3c, KeyI: 0x43, KeyO: 0x44,
  KeyP: 0x4d, BracketLeft: 0x54, BracketRight: 0x5b, Enter: 0x5a, ControlLeft: 0x14,
  KeyA: 0x1c, KeyS: 0x1b, KeyD: 0x23, KeyF: 0x2b, KeyG: 0x34, KeyH: 0x33, KeyJ: 0x3b, KeyK: 0x42, KeyL: 0x4b,
  Semicolon: 0x4c, Quote: 0x52, Backquote: 0x0e, ShiftLeft: 0x12, Backslash: 0x5d,
  KeyZ: 0x1a, KeyX: 0x22, KeyC: 0x21, KeyV: 0x2a, KeyB: 0x32, KeyN: 0x31, KeyM: 0x3a,
  Comma: 0x41, Period: 0x49, Slash: 0x4a, ShiftRight: 0x59, NumpadMultiply: 0x7c, AltLeft: 0x11, Space: 0x29,
  CapsLock: 0x58, F1: 0x05, F2: 0x06, F3: 0x04, F4: 0x0c, F5: 0x03, F6: 0x0b, F7: 0x83, F8: 0x0a, F9: 0x01,
  F10: 0x09, F11: 0x78, F12: 0x07, NumLock: 0x77, ScrollLock: 0x7e,
  Numpad7: 0x6c, Numpad8: 0x75, Numpad9: 0x7d, NumpadSubtract: 0x7b, Numpad4: 0x6b, Numpad5: 0x73, Numpad6: 0x74,
  NumpadAdd: 0x79, Numpad1: 0x69, Numpad2: 0x72, Numpad3: 0x7a, Numpad0: 0x70, NumpadDecimal: 0x71,
  IntlBackslash: 0x61, IntlRo: 0x51, IntlYen: 0x6a, KanaMode: 0x13, Convert: 0x64, NonConvert: 0x67,
  NumpadEnter: EXTENDED | 0x5a, ControlRight: EXTENDED | 0x14, NumpadDivide: EXTENDED | 0x4a, AltRight: EXTENDED | 0x11,
  Home: EXTENDED | 0x6c, ArrowUp: EXTENDED | 0x75, PageUp: EXTENDED | 0x7d, ArrowLeft: EXTENDED | 0x6b,
  ArrowRight: EXTENDED | 0x74, End: EXTENDED | 0x69, ArrowDown: EXTENDED | 0x72, PageDown: EXTENDED | 0x7a,
  Insert: EXTENDED | 0x70, Delete: EXTENDED | 0x71, MetaLeft: EXTENDED | 0x1f, MetaRight: EXTENDED | 0x27,
  ContextMenu: EXTENDED | 0x2f, NumpadEqual: 0x0f, NumpadComma: 0x6d, Lang1: 0xf2, Lang2: 0xf1,
  Power: EXTENDED | 0x37, Sleep: EXTENDED | 0x3f, WakeUp: EXTENDED | 0x5e,
  AudioVolumeMute: EXTENDED | 0x23, AudioVolumeDown: EXTENDED | 0x21, AudioVolumeUp: EXTENDED | 0x32,
};

/** Keys that send their code on the way down and nothing on the way up. */
const MAKE_ONLY: ReadonlySet<KeyCode> = new Set<KeyCode>(['Lang1', 'Lang2']);

/** Modifiers that change what Pause and Print Screen send. */
export interface Modifiers {
  readonly control: boolean;
  readonly shift: boolean;
  readonly alt: boolean;
}

const PAUSE = [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77];
const CONTROL_PAUSE = [0xe0, 0x7e, 0xe0, 0xf0, 0x7e];

/** Set 2 bytes of a key going down or up. */
export function keySequence(code: KeyCode, down: boolean, modifiers: Modifiers): readonly number[] {
  if (code === 'Pause') return down ? (modifiers.control ? CONTROL_PAUSE : PAUSE) : [];
  if (code === 'PrintScreen') return printScreen(down, modifiers);
  if (!down && MAKE_ONLY.has(code)) return [];
  const scan = SET2_CODES[code];
  const prefix = scan > 0xff ? [0xe0] : [];
  return down ? [...prefix, scan & 0xff] : [...prefix, 0xf0, scan & 0xff];
}

/** Alt makes it SysRq; Shift or Control takes away the fake shift. */
function printScreen(down: boolean, modifiers: Modifiers): readonly number[] {
  if (modifiers.alt) return down ? [0x84] : [0xf0, 0x84];
  if (modifiers.shift || modifiers.control) return down ? [0xe0, 0x7c] : [0xe0, 0xf0, 0x7c];
  return down ? [0xe0, 0x12, 0xe0, 0x7c] : [0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12];
}
