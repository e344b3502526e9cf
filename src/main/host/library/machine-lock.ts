import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { AnnexError } from '../../../shared/contract/errors.js';
import { identifyProcess, isAlive } from '../../node/process-identity.js';
import { fileError } from './machine-folder.js';

const LOCK_NAME = 'machine.lock';

/** `run`: a machine that is on; `work`: a host that changes files of one that is off. */
const purposeSchema = z.enum(['run', 'work']);
export type LockPurpose = z.infer<typeof purposeSchema>;

const ownerSchema = z.object({
  pid: z.int(),
  startTime: z.string().nullable(),
  hostname: z.string(),
  purpose: purposeSchema.default('run'),
});
type LockOwner = z.infer<typeof ownerSchema>;

/**
 * Guards one machine's folder against two users: a file that names the process using it. A lock whose process is gone
 * is stale and taken over; one from another computer (shared folder) is believed, since nobody can ask that computer.
 */
export class MachineLock {
  private constructor(
    private readonly file: string,
    private readonly content: string,
  ) {}

  /** Locks a machine's folder in the name of a process. @throws AnnexError `vm-locked`, or naming a folder that takes no files */
  static async acquire(folder: string, pid: number, purpose: LockPurpose = 'run'): Promise<MachineLock> {
    const file = path.join(folder, LOCK_NAME);
    const owner: LockOwner = { ...identifyProcess(pid), hostname: hostname(), purpose };
    const content = JSON.stringify(owner);
    // Created complete under another name and linked: nobody ever sees a half-written lock, and only one link succeeds.
    const draft = `${file}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
    await writeFile(draft, content, { flag: 'wx' }).catch((cause: unknown) => {
      const gone = (cause as NodeJS.ErrnoException).code === 'ENOENT';
      throw gone ? cause : fileError(cause, folder);
    });
    try {
      await takeOver(file);
      await link(draft, file);
      return new MachineLock(file, content);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw lockedError((await readOwner(file)) ?? owner);
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** Gives the lock up; somebody else's, taken over meanwhile, stays. */
  async release(): Promise<void> {
    const current = await readFile(this.file, 'utf8').catch(() => undefined);
    if (current === this.content) await rm(this.file, { force: true });
  }
}

/** What this process itself does with the machine is no obstacle. @throws AnnexError `vm-locked` if a living process uses it */
export async function assertUnlocked(folder: string): Promise<void> {
  const owner = await readOwner(path.join(folder, LOCK_NAME));
  const ours = owner?.purpose === 'work' && owner.pid === process.pid && owner.hostname === hostname();
  if (owner && !ours && isHeld(owner)) throw lockedError(owner);
}

/** Removes a stale lock. @throws AnnexError `vm-locked` if it is not stale */
async function takeOver(file: string): Promise<void> {
  const judged = await readFile(file, 'utf8').catch(() => undefined);
  if (judged === undefined) return;
  const owner = parseOwner(judged);
  if (owner && isHeld(owner)) throw lockedError(owner);
  const aside = `${file}.${process.pid}-${randomBytes(4).toString('hex')}.stale`;
  try {
    await rename(file, aside);
    // Somebody else may have been faster and put a fresh lock there: it goes back.
    if ((await readFile(aside, 'utf8')) !== judged) await link(aside, file);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/** The lock's owner; undefined without a lock, or with one that names nobody. */
async function readOwner(file: string): Promise<LockOwner | undefined> {
  const content = await readFile(file, 'utf8').catch(() => undefined);
  return content === undefined ? undefined : parseOwner(content);
}

function parseOwner(content: string): LockOwner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(content));
  } catch {
    return undefined;
  }
}

function isHeld(owner: LockOwner): boolean {
  return owner.hostname !== hostname() || isAlive(owner);
}

function lockedError(owner: LockOwner): AnnexError {
  const where = owner.hostname === hostname() ? `process ${owner.pid}` : `process ${owner.pid} on ${owner.hostname}`;
  return new AnnexError('vm-locked', `This machine is in use by ${where}. Stop it there first.`, {
    pid: owner.pid,
    hostname: owner.hostname,
  });
}
