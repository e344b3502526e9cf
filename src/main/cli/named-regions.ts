import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { translatorFiguresSchema } from '../../shared/contract/machine-view.js';
import { SystemMap } from '../../shared/symbols/system-map.js';
import { UsageError } from './usage-error.js';

/** Kernels' maps have some 5 to 10 MB. */
const LARGEST_MAP = 64 * 2 ** 20;

/** Text of a System.map. @throws UsageError if the file is none */
export async function readSystemMap(path: string): Promise<string> {
  try {
    // A named pipe would be waited for until somebody writes to it.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const text = await textOf(file);
      if (SystemMap.parse(text)) return text;
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new UsageError(
      `--system-map: "${path}" cannot be read (${cause instanceof Error ? cause.message : 'error'}).`,
    );
  }
  throw new UsageError(`--system-map: "${path}" has no symbols of a System.map.`);
}

/** Nothing of what is no file (a pipe, a device without end) or too large; of a file that grows, what it was when looked at. */
async function textOf(file: FileHandle): Promise<string> {
  const facts = await file.stat();
  const { size } = facts;
  if (!facts.isFile() || size > LARGEST_MAP) return '';
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0);
  return buffer.toString('latin1', 0, bytesRead);
}

/** Figures of a machine, with a `symbol` at each hot region that has a name. */
export function withSymbols(stats: Readonly<Record<string, unknown>>, systemMap: string): Record<string, unknown> {
  const figures = translatorFiguresSchema.safeParse(stats['translator']);
  if (!figures.success) return stats;
  const map = SystemMap.parse(systemMap);
  const syscallEntry = BigInt(`0x${figures.data.syscallEntry}`);
  const hottest = figures.data.hottest.map((region) => {
    const symbol = map?.at(BigInt(`0x${region.address}`), syscallEntry);
    return symbol ? { ...region, symbol: `${symbol.name}+0x${symbol.offset.toString(16)}` } : region;
  });
  return { ...stats, translator: { ...figures.data, hottest } };
}
