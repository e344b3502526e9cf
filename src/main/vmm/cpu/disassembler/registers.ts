const LEGACY = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];
const LOW_BYTES = ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil'];
const HIGH_BYTES = ['ah', 'ch', 'dh', 'bh'];

export const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs', '?s', '?s'];

/** Name of a general register by number and width in bytes; without REX the byte registers 4–7 are the high halves. */
export function generalRegister(number: number, bytes: number, rex: boolean): string {
  if (number >= 8) return `r${number}${bytes === 8 ? '' : bytes === 4 ? 'd' : bytes === 2 ? 'w' : 'b'}`;
  if (bytes === 1) return !rex && number >= 4 ? HIGH_BYTES[number - 4]! : LOW_BYTES[number]!;
  return `${bytes === 8 ? 'r' : bytes === 4 ? 'e' : ''}${LEGACY[number]!}`;
}

/** Keyword of a memory operand of this width. */
export function sizeKeyword(bytes: number | undefined): string {
  const words: Record<number, string> = {
    1: 'byte',
    2: 'word',
    4: 'dword',
    6: 'fword',
    8: 'qword',
    10: 'tbyte',
    16: 'xmmword',
  };
  const word = bytes === undefined ? undefined : words[bytes];
  return word === undefined ? '' : `${word} ptr `;
}
