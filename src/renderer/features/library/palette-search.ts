import type { PowerState } from '../../../shared/contract/machine-view.js';

export interface PaletteEntry {
  readonly group: 'machines' | 'actions';
  readonly label: string;
  readonly keys?: string;
  readonly state?: PowerState;
  readonly run: () => void;
}

/** Lower is better; null when a word is missing. Words at the start of a word count more than inside one. */
function rank(label: string, words: readonly string[]): number | null {
  const text = label.toLowerCase();
  let total = 0;
  for (const word of words) {
    const at = text.indexOf(word);
    if (at === -1) return null;
    const startsWord = at === 0 || !/\p{L}|\p{N}/u.test(text[at - 1]!);
    total += at === 0 ? 0 : startsWord ? 1 : 2;
  }
  return total;
}

/** Entries that hold every word, machines first, the best match on top of each group. */
export function searchPalette(entries: readonly PaletteEntry[], text: string): PaletteEntry[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const found = entries.flatMap((entry) => {
    const score = rank(entry.label, words);
    return score === null ? [] : [{ entry, score }];
  });
  const order = { machines: 0, actions: 1 };
  return found
    .toSorted((a, b) => order[a.entry.group] - order[b.entry.group] || a.score - b.score)
    .map(({ entry }) => entry);
}
