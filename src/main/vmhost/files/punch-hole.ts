import { loadKoffi, type AsyncCFunction } from '../native/koffi.js';

// include/uapi/linux/falloc.h
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;

/** Looked up at the first hole: most processes never make one. `null`: this host, or this process, has no way. */
let fallocate: AsyncCFunction | null | undefined;

/**
 * Gives a range of an open file back to its file system; it reads as zeros from then on. Node has no call for it, so the C
 * library's is made where that can be reached. Where it cannot, or the file system has no holes, nothing happens.
 * @param descriptor of a file open for writing
 */
export function punchHole(descriptor: number, offset: number, length: number): Promise<void> {
  const punch = hostFallocate();
  if (punch === null || length <= 0) return Promise.resolve();
  const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  return new Promise((resolve) => punch.async(descriptor, mode, offset, length, () => resolve()));
}

/** Whether {@link punchHole} can do anything in this process. */
export function canPunchHoles(): boolean {
  return hostFallocate() !== null;
}

function hostFallocate(): AsyncCFunction | null {
  if (fallocate === undefined) fallocate = findFallocate();
  return fallocate;
}

function findFallocate(): AsyncCFunction | null {
  if (process.platform !== 'linux') return null;
  try {
    const libc = loadKoffi().load('libc.so.6');
    const found = libc.func('int fallocate(int descriptor, int mode, int64 offset, int64 length)');
    return found as unknown as AsyncCFunction;
  } catch {
    return null;
  }
}
