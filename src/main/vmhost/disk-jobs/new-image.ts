import { chmod, link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AnnexError } from '../../../shared/contract/errors.js';
import { syncFolder } from '../../node/atomic-file.js';
import { IMAGE_DRAFT, imageDraftOf } from '../../node/image-draft.js';
import type { FilePort } from '../../vmm/block/disk-image.js';
import { fileError } from '../files/file-errors.js';
import { openNodeFile } from '../files/node-file.js';

/** Whether the name must be free, or what is there is replaced. */
export type Placement = 'new' | 'replace';

/**
 * Lets `fill` write a file that gets its name only when it is complete and durable. Whatever happens before leaves what
 * was there; the unfinished file is removed, or swept by the next one if this process is killed.
 * @throws AnnexError `file-exists` FileError
 */
export async function makeImage(
  file: string,
  placement: Placement,
  fill: (file: FilePort) => Promise<void>,
): Promise<void> {
  if (placement === 'new' && (await exists(file))) throw existsError(file);
  await sweep(file);
  const draft = imageDraftOf(file);
  try {
    await createEmpty(draft);
    const port = await openNodeFile(draft, { readonly: false });
    try {
      await fill(port);
      await port.sync();
    } finally {
      await port.close();
    }
    await publish(draft, file, placement);
  } catch (error) {
    throw error instanceof AnnexError ? error : asFileError(error);
  } finally {
    await rm(draft, { force: true });
  }
}

async function publish(draft: string, file: string, placement: Placement): Promise<void> {
  if (placement === 'replace') {
    await chmod(draft, (await stat(file)).mode & 0o777);
    await rename(draft, file);
  } else await linkNew(draft, file);
  await syncFolder(path.dirname(file));
}

/** Gives the draft its name unless that has been taken meanwhile. */
async function linkNew(draft: string, file: string): Promise<void> {
  try {
    await link(draft, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw existsError(file);
    // A file system without links: there is no way to rename without replacing.
    await rename(draft, file);
  }
}

async function createEmpty(file: string): Promise<void> {
  await (await open(file, 'wx')).close();
}

/** Removes what processes that were killed have left of the same file. */
async function sweep(file: string): Promise<void> {
  const folder = path.dirname(file);
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = name.replace(IMAGE_DRAFT, '') === path.basename(file) ? IMAGE_DRAFT.exec(name)?.[1] : undefined;
    if (pid !== undefined && !isRunning(Number(pid))) await rm(path.join(folder, name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function existsError(file: string): AnnexError {
  const name = path.basename(file);
  return new AnnexError('file-exists', `"${name}" exists already. Choose another name.`, { name });
}

/** Errors of the host's files become the engine's; others pass. */
function asFileError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const fromHost = typeof code === 'string' && ('syscall' in (error as object) || code === 'ERR_ACCESS_DENIED');
  return fromHost ? fileError(error) : error;
}
