import type { InputEvent, KeyCode } from '../../../../shared/contract/input.js';

/** Key combinations the window system of the host keeps for itself, to be sent from a menu. */
export const CHORDS = {
  'ctrl-alt-delete': ['ControlLeft', 'AltLeft', 'Delete'],
  'ctrl-alt-backspace': ['ControlLeft', 'AltLeft', 'Backspace'],
  'ctrl-alt-f1': ['ControlLeft', 'AltLeft', 'F1'],
  'ctrl-alt-f2': ['ControlLeft', 'AltLeft', 'F2'],
  'ctrl-alt-f7': ['ControlLeft', 'AltLeft', 'F7'],
  'alt-tab': ['AltLeft', 'Tab'],
  'alt-f4': ['AltLeft', 'F4'],
  'meta': ['MetaLeft'],
  'print-screen': ['PrintScreen'],
} as const satisfies Record<string, readonly KeyCode[]>;

export type ChordName = keyof typeof CHORDS;

/** Presses the keys in order and lets them go in reverse. */
export function chordEvents(codes: readonly KeyCode[]): InputEvent[] {
  const stroke = (down: boolean) => (code: KeyCode) => ({ type: 'key' as const, code, down });
  return [...codes.map(stroke(true)), ...[...codes].reverse().map(stroke(false))];
}
