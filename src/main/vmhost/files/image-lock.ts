import { link, readdir, readFile, realpath, rename, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { LOCK_DRAFT, lockDraftOf } from '../../node/lock-draft.js';
import { FileError } from '../../vmm/block/disk-image.js';
import { fileError } from './file-errors.js';

/** Who holds an image: enough to tell a running owner from one that died without letting go. */
interface LockOwner {
  readonly host: string;
  readonly pid: number;
  /** Start time of the process as its operating system counts it; tells a reused process number. Empty if unknown. */
  readonly startedAt: string;
}

export interface ImageLock {
  release(): Promise<void>;
}

/**
 * Takes the exclusive right to write an image: a file beside it that names the owner. A lock whose owner no longer runs
 * is taken over; one held on another host is respected, since nobody here can tell. Advisory: only Annex looks at it.
 * @throws FileError `locked` if someone else holds it
 */
export async function lockImage(image: string): Promise<ImageLock> {
  try {
    const lock = `${await realpath(image)}.lock`;
    const content = JSON.stringify(await thisProcess());
    if (!(await claim(lock, content))) {
      await clearStale(lock, image);
      if (!(await claim(lock, content))) throw lockedBy(image, await readOwner(lock));
    }
    await clearDrafts(lock);
    return { release: () => release(lock, content) };
  } catch (error) {
    throw fileError(error);
  }
}

/** For who only reads, but must not read what is being written. @throws FileError `locked` if somebody may write it */
export async function refuseLocked(image: string): Promise<void> {
  const owner = await readOwner(`${await realpath(image).catch(() => image)}.lock`);
  if (owner !== undefined && (await isAlive(owner))) throw lockedBy(image, owner);
}

/** Makes the lock appear whole or not at all: link fails if the name exists. */
async function claim(lock: string, content: string): Promise<boolean> {
  const draft = lockDraftOf(lock);
  await writeFile(draft, content, { flag: 'wx' });
  try {
    await link(draft, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

/** Removes the lock if its owner is gone. @throws FileError `locked` if it is not */
async function clearStale(lock: string, image: string): Promise<void> {
  const owner = await readOwner(lock);
  if (owner !== undefined && (await isAlive(owner))) throw lockedBy(image, owner);
  const aside = lockDraftOf(lock);
  try {
    await rename(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Somebody may have replaced the stale lock by their own between our look and our rename: give it back.
  const moved = await readOwner(aside);
  if (moved !== undefined && (await isAlive(moved))) await link(aside, lock).catch(() => undefined);
  await unlink(aside);
}

/** Removes what processes left that were killed on their way to this lock. */
async function clearDrafts(lock: string): Promise<void> {
  const folder = path.dirname(lock);
  for (const name of await readdir(folder)) {
    const pid = name.startsWith(`${path.basename(lock)}.`) ? LOCK_DRAFT.exec(name)?.[1] : undefined;
    if (pid !== undefined && !isRunning(Number(pid))) await unlink(path.join(folder, name)).catch(() => undefined);
  }
}

async function release(lock: string, content: string): Promise<void> {
  const held = await readFile(lock, 'utf8').catch(() => undefined);
  if (held === content) await unlink(lock).catch(() => undefined);
}

/** `undefined` for a lock that is gone or unreadable. */
async function readOwner(lock: string): Promise<LockOwner | undefined> {
  try {
    const { host, pid, startedAt } = JSON.parse(await readFile(lock, 'utf8')) as Partial<LockOwner>;
    if (typeof host !== 'string' || typeof pid !== 'number' || typeof startedAt !== 'string') return undefined;
    return { host, pid, startedAt };
  } catch {
    return undefined;
  }
}

async function thisProcess(): Promise<LockOwner> {
  return { host: hostname(), pid: process.pid, startedAt: await startTime(process.pid) };
}

async function isAlive(owner: LockOwner): Promise<boolean> {
  if (owner.host !== hostname()) return true;
  if (!isRunning(owner.pid)) return false;
  const started = await startTime(owner.pid);
  return started === '' || owner.startedAt === '' || started === owner.startedAt;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs as another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Field 22 of /proc/PID/stat (proc(5)), clock ticks since boot; empty where there is no such file. */
async function startTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the command in parentheses and may hold anything, spaces and parentheses included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[19] ?? '';
}

function lockedBy(image: string, owner: LockOwner | undefined): FileError {
  const who = owner === undefined ? 'another process' : `process ${owner.pid} on ${owner.host}`;
  return new FileError('locked', `${image} is in use by ${who}. Stop that machine first.`);
}
