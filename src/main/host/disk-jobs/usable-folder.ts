import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { AnnexError } from '../../../shared/contract/errors.js';

const GONE: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR'];

/**
 * Makes sure that files can be made in a folder: a job is told what is wrong with it before its process starts, which has
 * rights to folders only that are there.
 * @throws AnnexError `media-not-found` `no-permission`
 */
export async function requireUsable(folder: string): Promise<void> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const details = { name: folder };
    if (GONE.includes((cause as NodeJS.ErrnoException).code))
      throw new AnnexError('media-not-found', `There is no folder "${folder}". Make it, or choose another.`, details, { cause }); // prettier-ignore
    throw new AnnexError('no-permission', `You may not write in "${folder}". Choose another folder, or change its permissions.`, details, { cause }); // prettier-ignore
  }
}
