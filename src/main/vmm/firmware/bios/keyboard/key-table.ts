/** What a key gives in one shift state: scan code in the high byte, ASCII in the low one; 0: nothing. */
export interface KeyCodes {
  readonly plain: number;
  readonly shift: number;
  readonly control: number;
  readonly alt: number;
  /** Which lock the shift state is exclusive-ored with. */
  readonly lock?: 'caps' | 'num';
}

const table: (KeyCodes | undefined)[] = [];

/** Control codes of characters that have one. */
const controlCode = (character: string): number => character.charCodeAt(0) & 0x1f;

function define(
  scan: number,
  plain: number,
  shift: number,
  control: number,
  alt: number,
  lock?: KeyCodes['lock'],
): void {
  table[scan] = lock ? { plain, shift, control, alt, lock } : { plain, shift, control, alt };
}

/** A row of the US layout: letters control to their code; what else controls is listed in `CONTROL_CHARACTERS`. */
function defineRow(firstScan: number, plain: string, shift: string): void {
  Array.from(plain, (character, i) => {
    const scan = firstScan + i;
    const code = (c: string): number => (scan << 8) | c.charCodeAt(0);
    const isLetter = /[a-z]/.test(character);
    const control = isLetter ? (scan << 8) | controlCode(character) : (CONTROL_CHARACTERS[character] ?? 0);
    define(scan, code(character), code(shift[i]!), control, altCode(scan, character), isLetter ? 'caps' : undefined);
  });
}

const CONTROL_CHARACTERS: Readonly<Record<string, number>> = {
  '2': 0x0300, '6': 0x071e, '-': 0x0c1f, '[': 0x1a1b, ']': 0x1b1d, '\\': 0x2b1c,
}; // prettier-ignore

/** Alt with the digit row gives scan codes 78h–83h; with other printing keys the key's own code and no character. */
const altCode = (scan: number, _character: string): number =>
  scan >= 0x02 && scan <= 0x0d ? (scan + 0x76) << 8 : scan << 8;

defineRow(0x02, '1234567890-=', '!@#$%^&*()_+');
defineRow(0x10, 'qwertyuiop[]', 'QWERTYUIOP{}');
defineRow(0x1e, "asdfghjkl;'`", 'ASDFGHJKL:"~');
defineRow(0x2b, '\\zxcvbnm,./', '|ZXCVBNM<>?');
define(0x01, 0x011b, 0x011b, 0x011b, 0x0100);
define(0x0e, 0x0e08, 0x0e08, 0x0e7f, 0x0e00);
define(0x0f, 0x0f09, 0x0f00, 0x9400, 0xa500);
define(0x1c, 0x1c0d, 0x1c0d, 0x1c0a, 0x1c00);
define(0x39, 0x3920, 0x3920, 0x3920, 0x3920);
define(0x37, 0x372a, 0x372a, 0x9600, 0x3700);
define(0x56, 0x565c, 0x567c, 0x0000, 0x0000);
for (let f = 0; f < 10; f++) define(0x3b + f, (0x3b + f) << 8, (0x54 + f) << 8, (0x5e + f) << 8, (0x68 + f) << 8);
define(0x57, 0x8500, 0x8700, 0x8900, 0x8b00);
define(0x58, 0x8600, 0x8800, 0x8a00, 0x8c00);

/** Keypad 47h–53h: without Num Lock the cursor codes, with it the digits. */
const KEYPAD: readonly (readonly [scan: number, digit: string, control: number])[] = [
  [0x47, '7', 0x7700], [0x48, '8', 0x8d00], [0x49, '9', 0x8400], [0x4b, '4', 0x7300], [0x4c, '5', 0x8f00], [0x4d, '6', 0x7400],
  [0x4f, '1', 0x7500], [0x50, '2', 0x9100], [0x51, '3', 0x7600], [0x52, '0', 0x9200], [0x53, '.', 0x9300],
]; // prettier-ignore
for (const [scan, digit, control] of KEYPAD) {
  define(scan, scan << 8, (scan << 8) | digit.charCodeAt(0), control, 0, 'num');
}
define(0x4a, 0x4a2d, 0x4a2d, 0x8e00, 0x4a00);
define(0x4e, 0x4e2b, 0x4e2b, 0x9000, 0x4e00);

/** The grey cursor keys (E0 prefix): the keypad's codes with E0h for the character, and Alt codes of their own. */
const EXTENDED: Readonly<Record<number, KeyCodes>> = Object.fromEntries([
  ...([
    [0x47, 0x77, 0x97], [0x48, 0x8d, 0x98], [0x49, 0x84, 0x99], [0x4b, 0x73, 0x9b], [0x4d, 0x74, 0x9d], [0x4f, 0x75, 0x9f],
    [0x50, 0x91, 0xa0], [0x51, 0x76, 0xa1], [0x52, 0x92, 0xa2], [0x53, 0x93, 0xa3],
  ] as const).map(([scan, control, alt]) => {
    const code = (scan << 8) | 0xe0;
    return [scan, { plain: code, shift: code, control: (control << 8) | 0xe0, alt: alt << 8 }] as const;
  }),
  [0x1c, { plain: 0xe00d, shift: 0xe00d, control: 0xe00a, alt: 0xa600 }],
  [0x35, { plain: 0xe02f, shift: 0xe02f, control: 0x9500, alt: 0xa400 }],
]); // prettier-ignore

/** Codes of a set-1 scan code (IBM BIOS Interface reference, keyboard codes), US layout. */
export function keyCodes(scan: number, extended: boolean): KeyCodes | undefined {
  return extended ? EXTENDED[scan] : table[scan];
}
