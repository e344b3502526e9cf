import { glyph, lower, overlay, type Glyph } from './glyph.js';

type Accent = 'acute' | 'grave' | 'circumflex' | 'diaeresis' | 'ring' | 'tilde' | 'cedilla';

/** Over lower-case letters in 16 rows and in 8; capitals take the part that fits. */
const ACCENTS: Readonly<Record<Accent, { readonly tall: string; readonly short: string; readonly capital: string }>> = {
  acute: { tall: '1: 0c 18 30', short: '0: 0c 18', capital: '0: 0c 18' },
  grave: { tall: '1: 30 18 0c', short: '0: 30 18', capital: '0: 30 18' },
  circumflex: { tall: '1: 10 38 6c', short: '0: 38 6c', capital: '0: 38 6c' },
  diaeresis: { tall: '2: 6c 6c', short: '0: 6c', capital: '0: 6c' },
  ring: { tall: '1: 38 6c 38', short: '0: 38 28', capital: '0: 38 28' },
  tilde: { tall: '2: 76 dc', short: '0: 76 dc', capital: '0: 76 dc' },
  cedilla: { tall: '12: 18 70', short: '7: 38', capital: '0: 0' },
};

/** Composed letters of code page 437. */
export const COMPOSED: Readonly<Record<number, readonly [letter: string, accent: Accent]>> = {
  0x80: ['C', 'cedilla'], 0x81: ['u', 'diaeresis'], 0x82: ['e', 'acute'], 0x83: ['a', 'circumflex'], 0x84: ['a', 'diaeresis'],
  0x85: ['a', 'grave'], 0x86: ['a', 'ring'], 0x87: ['c', 'cedilla'], 0x88: ['e', 'circumflex'], 0x89: ['e', 'diaeresis'],
  0x8a: ['e', 'grave'], 0x8b: ['i', 'diaeresis'], 0x8c: ['i', 'circumflex'], 0x8d: ['i', 'grave'], 0x8e: ['A', 'diaeresis'],
  0x8f: ['A', 'ring'], 0x90: ['E', 'acute'], 0x93: ['o', 'circumflex'], 0x94: ['o', 'diaeresis'], 0x95: ['o', 'grave'],
  0x96: ['u', 'circumflex'], 0x97: ['u', 'grave'], 0x98: ['y', 'diaeresis'], 0x99: ['O', 'diaeresis'], 0x9a: ['U', 'diaeresis'],
  0xa0: ['a', 'acute'], 0xa1: ['i', 'acute'], 0xa2: ['o', 'acute'], 0xa3: ['u', 'acute'], 0xa4: ['n', 'tilde'], 0xa5: ['N', 'tilde'],
}; // prettier-ignore

/** Rows of an i's dot. */
const DOT_ROWS = { 16: [2, 3], 8: [0] } as const;

/** Rows a capital loses; it moves down as many, its foot staying where it is. */
const CAPITAL_ROWS_REMOVED: Readonly<Record<8 | 16, readonly number[]>> = { 16: [5], 8: [1, 4] };

/** A letter with its accent. Capitals move down and lose rows from their middle to make room. */
export function compose(letter: string, accent: Accent, base: Glyph, height: 8 | 16): Glyph {
  const { tall, short, capital } = ACCENTS[accent];
  if (accent === 'cedilla' || letter !== letter.toUpperCase()) {
    const body =
      letter === 'i' ? base.map((row, i) => ((DOT_ROWS[height] as readonly number[]).includes(i) ? 0 : row)) : base;
    return overlay(body, glyph(height === 16 ? tall : short, height));
  }
  const removed = CAPITAL_ROWS_REMOVED[height];
  const shortened = [...base.filter((_, i) => !removed.includes(i)), ...removed.map(() => 0)];
  return overlay(lower(shortened, removed.length), glyph(capital, height));
}
