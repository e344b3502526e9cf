import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Library } from './library.js';

/** A file in one machine's folder that a drive of another names. */
interface LentFile {
  readonly file: string;
  /** Name of the other machine. */
  readonly machine: string;
}

/** A disk or disc of a machine that another machine of the library uses: it would go with the machine's folder. */
export async function lentFile(library: Library, machineId: string): Promise<LentFile | undefined> {
  const folder = await realPathOf(library.get(machineId).folder.path);
  for (const { config, folder: own } of library.all) {
    if (config.id === machineId) continue;
    for (const drive of config.drives) {
      const file = drive.path === null ? undefined : await realPathOf(own.resolve(drive.path));
      if (file?.startsWith(folder + path.sep)) return { file: path.basename(file), machine: config.name };
    }
  }
  return undefined;
}

const realPathOf = (file: string): Promise<string> => realpath(file).catch(() => path.resolve(file));
