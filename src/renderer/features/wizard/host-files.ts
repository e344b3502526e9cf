import type { DirectoryView } from '../../../shared/contract/host-view.js';

type Entry = DirectoryView['entries'][number];

/** A name inside a folder, with the separator the folder's own path uses. */
export function joinPath(folder: string, name: string): string {
  const separator = folder.includes('\\') ? '\\' : '/';
  return folder.endsWith(separator) ? folder + name : folder + separator + name;
}

/** Folders first, then by name; hidden ones are left out. */
export function sortEntries(entries: readonly Entry[]): Entry[] {
  return entries
    .filter((entry) => !entry.name.startsWith('.'))
    .toSorted(
      (a, b) =>
        Number(b.kind === 'folder') - Number(a.kind === 'folder') ||
        a.name.localeCompare(b.name, undefined, { numeric: true }),
    );
}
