import type { InputEvent, KeyCode } from '../contract/input.js';

/** A key of the US layout, with Shift or without. */
interface Stroke {
  readonly code: KeyCode;
  readonly shift: boolean;
}

/** Keys that give two characters: without Shift, with Shift. */
const PAIRS: readonly (readonly [KeyCode, string, string])[] = [
  ['Backquote', '`', '~'], ['Digit1', '1', '!'], ['Digit2', '2', '@'], ['Digit3', '3', '#'], ['Digit4', '4', '$'],
  ['Digit5', '5', '%'], ['Digit6', '6', '^'], ['Digit7', '7', '&'], ['Digit8', '8', '*'], ['Digit9', '9', '('],
  ['Digit0', '0', ')'], ['Minus', '-', '_'], ['Equal', '=', '+'], ['BracketLeft', '[', '{'], ['BracketRight', ']', '}'],
  ['Backslash', '\\', '|'], ['Semicolon', ';', ':'], ['Quote', "'", '"'], ['Comma', ',', '<'], ['Period', '.', '>'],
  ['Slash', '/', '?'],
]; // prettier-ignore

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'].map(
  (letter) => [`Key${letter.toUpperCase()}` as KeyCode, letter, letter.toUpperCase()] as const,
);

const PLAIN: readonly (readonly [KeyCode, string])[] = [
  ['Space', ' '],
  ['Enter', '\n'],
  ['Tab', '\t'],
  ['Escape', '\x1b'],
  ['Backspace', '\b'],
];

const STROKES: ReadonlyMap<string, Stroke> = new Map([
  ...[...PAIRS, ...LETTERS].flatMap(([code, plain, shifted]): [string, Stroke][] => [
    [plain, { code, shift: false }],
    [shifted, { code, shift: true }],
  ]),
  ...PLAIN.map(([code, text]): [string, Stroke] => [text, { code, shift: false }]),
]);

/** A text as key strokes on a US keyboard. */
export interface TypedText {
  /** Events of each character that can be typed. */
  readonly strokes: readonly (readonly InputEvent[])[];
  /** Characters a US keyboard does not have. */
  readonly skipped: string;
}

/** @param text line ends may be LF, CR LF or CR */
export function typeText(text: string): TypedText {
  const characters = [...text.replace(/\r\n?/g, '\n')];
  const strokes = characters.flatMap((character) => {
    const stroke = STROKES.get(character);
    return stroke ? [eventsOf(stroke)] : [];
  });
  return { strokes, skipped: characters.filter((character) => !STROKES.has(character)).join('') };
}

function eventsOf({ code, shift }: Stroke): InputEvent[] {
  const press: InputEvent[] = [
    { type: 'key', code, down: true },
    { type: 'key', code, down: false },
  ];
  if (!shift) return press;
  return [{ type: 'key', code: 'ShiftLeft', down: true }, ...press, { type: 'key', code: 'ShiftLeft', down: false }];
}
