import { UsageError } from './usage-error.js';

const SECTOR_BYTES = 512;
const UNITS: Readonly<Record<string, number>> = { '': 1, 'K': 2 ** 10, 'M': 2 ** 20, 'G': 2 ** 30, 'T': 2 ** 40 };

/** What `20G`, `512M` or `+1G` asks for, in bytes, rounded up to whole sectors. @throws UsageError */
export function diskSize(text: string, present = 0): number {
  const [, plus, number, unit] = /^(\+?)(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text.trim()) ?? [];
  const bytes = Number(number) * (UNITS[(unit ?? '').toUpperCase()] ?? NaN) + (plus === '+' ? present : 0);
  const size = Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES;
  if (Number.isSafeInteger(size) && size > 0) return size;
  throw new UsageError(`"${text}" is no size. Write it as 20G, 512M or +1G.`);
}
