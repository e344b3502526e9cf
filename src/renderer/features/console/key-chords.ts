import type { InputEvent, KeyCode } from '../../../shared/contract/input.js';

/** A chord the host or the browser may keep for itself, offered in a menu. */
export interface KeyChord {
  readonly label: string;
  readonly codes: readonly KeyCode[];
}

export const CTRL_ALT_DEL: KeyChord = { label: 'Ctrl+Alt+Del', codes: ['ControlLeft', 'AltLeft', 'Delete'] };

export const MORE_CHORDS: readonly (readonly KeyChord[])[] = [
  [
    { label: 'Ctrl+Alt+Backspace', codes: ['ControlLeft', 'AltLeft', 'Backspace'] },
    { label: 'Ctrl+Alt+F1', codes: ['ControlLeft', 'AltLeft', 'F1'] },
    { label: 'Ctrl+Alt+F2', codes: ['ControlLeft', 'AltLeft', 'F2'] },
    { label: 'Ctrl+Alt+F7', codes: ['ControlLeft', 'AltLeft', 'F7'] },
  ],
  [
    { label: 'Alt+Tab', codes: ['AltLeft', 'Tab'] },
    { label: 'Alt+F4', codes: ['AltLeft', 'F4'] },
    { label: 'Ctrl+Esc', codes: ['ControlLeft', 'Escape'] },
    { label: 'Super', codes: ['MetaLeft'] },
  ],
  [
    { label: 'Print Screen', codes: ['PrintScreen'] },
    { label: 'Alt+SysRq', codes: ['AltLeft', 'PrintScreen'] },
    { label: 'Pause', codes: ['Pause'] },
    { label: 'F11', codes: ['F11'] },
    { label: 'F12', codes: ['F12'] },
  ],
];

/** Presses the keys in order and lets go of them in reverse. */
export function chordEvents(chord: KeyChord): InputEvent[] {
  const down = chord.codes.map((code) => ({ type: 'key' as const, code, down: true }));
  const up = chord.codes.toReversed().map((code) => ({ type: 'key' as const, code, down: false }));
  return [...down, ...up];
}
