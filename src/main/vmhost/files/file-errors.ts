import { FileError, type FileErrorCode } from '../../vmm/block/disk-image.js';

const CODES: Readonly<Record<string, FileErrorCode>> = {
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EFBIG: 'no-space',
  EROFS: 'read-only',
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  EACCES: 'no-permission',
  EPERM: 'no-permission',
  // Node's permission model.
  ERR_ACCESS_DENIED: 'no-permission',
};

/** The host's error as the engine knows errors of files. */
export function fileError(error: unknown): FileError {
  if (error instanceof FileError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new FileError(CODES[code ?? ''] ?? 'io-error', message, { cause: error });
}
