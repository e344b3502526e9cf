import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { DirectoryView } from '../../../shared/contract/host-view.js';
import { fileError } from '../library/machine-folder.js';

/** Entries shown of one folder; a person finds nothing among more. */
const MAX_ENTRIES = 5000;

/**
 * One folder of the host for the file chooser of served mode: folders first, then files, hidden ones left out.
 * @param folder absolute; null is the person's home folder
 * @throws AnnexError if it cannot be read
 */
export async function browse(folder: string | null): Promise<DirectoryView> {
  const place = path.resolve(folder ?? homedir());
  try {
    const names = (await readdir(place)).filter((name) => !name.startsWith('.')).slice(0, MAX_ENTRIES);
    const found = await Promise.all(names.map((name) => describe(place, name)));
    const entries = found.filter((entry) => entry !== undefined).sort(byKindThenName);
    const parent = path.dirname(place);
    return { path: place, parent: parent === place ? null : parent, entries };
  } catch (cause) {
    throw fileError(cause, place);
  }
}

type Entry = DirectoryView['entries'][number];

async function describe(folder: string, name: string): Promise<Entry | undefined> {
  try {
    const info = await stat(path.join(folder, name));
    if (!info.isFile() && !info.isDirectory()) return undefined;
    return { name, kind: info.isFile() ? 'file' : 'folder', sizeBytes: info.size, modifiedAt: info.mtimeMs };
  } catch {
    return undefined;
  }
}

function byKindThenName(a: Entry, b: Entry): number {
  if (a.kind !== b.kind) return a.kind === 'folder' ? -1 : 1;
  return a.name.localeCompare(b.name, undefined, { numeric: true });
}
