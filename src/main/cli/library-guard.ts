import { existsSync } from 'node:fs';
import { Library } from '../host/library/library.js';
import { refuseFrozen } from '../host/snapshots/frozen-files.js';
import type { Arguments } from './command.js';
import { libraryPathOf } from './installation.js';

/**
 * For commands that write to disk images by name, outside any machine.
 * @throws AnnexError `disk-needed` if a snapshot or the suspended guest of a machine of the library needs one of the files as it is
 */
export async function refuseNeeded(args: Arguments, files: readonly string[]): Promise<void> {
  const root = libraryPathOf(args);
  if (existsSync(root)) await refuseFrozen(await Library.open(root), files);
}
