import path from 'node:path';
import { AnnexError } from '../../../shared/contract/errors.js';
import { SystemMapReader, type SystemMap } from '../../../shared/symbols/system-map.js';
import { withFileSource } from '../media/file-source.js';

/** Kernels' maps have some 5 to 10 MB. */
const LARGEST_MAP = 64 * 2 ** 20;
/** Read at once: some milliseconds of work. */
const PIECE = 2 ** 18;

/**
 * Reads a System.map in pieces, so that the host does other things in between. Of a file that grows it takes what it
 * had at first.
 * @throws AnnexError `symbols-invalid` if it is none, or why it cannot be read
 */
export async function readSystemMap(file: string): Promise<SystemMap> {
  const name = path.basename(file);
  return withFileSource(file, name, async ({ size, read }) => {
    const reader = new SystemMapReader();
    const end = size <= LARGEST_MAP ? size : 0;
    for (let at = 0; at < end; at += PIECE)
      reader.add(Buffer.from(await read(at, Math.min(PIECE, end - at))).toString('latin1'));
    const map = reader.end();
    if (map) return map;
    throw new AnnexError('symbols-invalid', `"${name}" has no symbols of a System.map. Choose the one of the guest's kernel.`, { name }); // prettier-ignore
  });
}
