import path from 'node:path';
import { AnnexError, toWireError } from '../../shared/contract/errors.js';
import { fileError } from './library/machine-folder.js';

/** What a file system says of a host where it, and not Annex, has to be put right (errno(3)). */
const FILE_SYSTEM_FAULTS: ReadonlySet<string> = new Set([
  'ENOSPC', 'EDQUOT', 'EFBIG', 'EACCES', 'EPERM', 'EROFS', 'EIO', 'EMFILE', 'ENFILE',
]); // prettier-ignore

/** Whatever work has thrown, as the contract's error: a person is told what to do about a full or forbidden disk. */
export function hostError(error: unknown): AnnexError {
  if (error instanceof AnnexError) return error;
  const { code, path: file } = (error ?? {}) as NodeJS.ErrnoException;
  if (error instanceof Error && code !== undefined && FILE_SYSTEM_FAULTS.has(code))
    return fileError(error, file === undefined ? 'a file of the library' : path.basename(file));
  return AnnexError.fromWire(toWireError(error));
}
