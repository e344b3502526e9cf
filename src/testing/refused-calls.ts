import type * as Fs from 'node:fs';
import type * as FsPromises from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

export type RefusalCode = 'ENOSPC' | 'EACCES' | 'EIO';

/** Counts what would change a file, and refuses it from a point on; taking files away always works. */
class RefusedCalls {
  /** Changes asked for since it was armed. */
  steps = 0;
  private from = Infinity;
  private code: RefusalCode = 'EIO';

  /** @param from the first change that is refused, from 1; Infinity to count only */
  arm(from: number, code: RefusalCode): void {
    this.steps = 0;
    this.from = from;
    this.code = code;
  }

  disarm(): void {
    this.from = Infinity;
  }

  /** What becomes of the next change. */
  next(syscall: string): NodeJS.ErrnoException | undefined {
    if (++this.steps < this.from) return undefined;
    return Object.assign(new Error(`${this.code}: refused, ${syscall}`), { code: this.code, syscall });
  }
}

/** Of the test file that mocks `node:fs` and `node:fs/promises` with what follows. */
export const refusedCalls = new RefusedCalls();

type Work = (...args: never[]) => unknown;

const refusing = <W extends Work>(work: W, name: string): W =>
  ((...args: never[]) => {
    const error = refusedCalls.next(name);
    return error ? Promise.reject(error) : work(...args);
  }) as W;

/** `node:fs` as the disk jobs use it. */
export function refusingFs(real: typeof Fs): typeof Fs {
  const writev = (fd: number, buffers: readonly NodeJS.ArrayBufferView[], position: number, done: (error: Error | null, count: number) => void): void => {
    const error = refusedCalls.next('write');
    if (error) setImmediate(done, error, 0);
    else real.writev(fd, buffers, position, done);
  }; // prettier-ignore
  const writeSync = (...args: Parameters<typeof Fs.writeSync>): number => {
    const error = refusedCalls.next('write');
    if (error) throw error;
    return real.writeSync(...args);
  };
  return { ...real, writev, writeSync } as unknown as typeof Fs;
}

const HANDLE_CHANGES = ['truncate', 'datasync', 'sync', 'write', 'writev', 'writeFile'] as const;
const CHANGES = ['rename', 'link', 'mkdir', 'chmod', 'writeFile', 'copyFile', 'cp'] as const;

/** `node:fs/promises` as host and disk jobs use it. */
export function refusingPromises(real: typeof FsPromises): typeof FsPromises {
  const open = async (file: string, flags: string = 'r', mode?: number): Promise<FileHandle> => {
    const error = flags === 'r' ? undefined : refusedCalls.next('open');
    if (error) throw error;
    const handle = await real.open(file, flags, mode);
    if (flags === 'r') return handle;
    for (const name of HANDLE_CHANGES)
      Object.assign(handle, { [name]: refusing((handle[name] as Work).bind(handle) as Work, name) });
    return handle;
  };
  const changes = Object.fromEntries(CHANGES.map((name) => [name, refusing(real[name] as Work, name)]));
  return { ...real, ...changes, open } as unknown as typeof FsPromises;
}
