import { open } from 'node:fs/promises';
import { nodeFiles, type HostFiles } from '../main/node/host-files.js';

/** Thrown by everything a process would do after it was killed. */
export class KilledError extends Error {
  override readonly name = 'KilledError';
}

type Step = 'create' | 'createSparse' | 'copy' | 'rename' | 'remove' | 'makeFolder' | 'syncFolder';

/** How a step ends that is not allowed to succeed. */
export type Fate =
  /** The process is killed before it, or halfway through it. */
  | { readonly kind: 'killed'; readonly halfway: boolean }
  /** The file system refuses it, once or from then on. */
  | { readonly kind: 'refused'; readonly code: 'ENOSPC' | 'EACCES' | 'EIO'; readonly onwards: boolean };

/**
 * The file system under a host that meets its fate at one step: every change of a file counts as one. A killed host does
 * nothing any more, not even read.
 */
export class DyingFiles implements HostFiles {
  /** Steps done so far. */
  steps = 0;
  private dead = false;
  private armed = false;

  /** @param at the step that is not allowed to succeed, from 1; Infinity to count only */
  constructor(
    private readonly at: number,
    private readonly fate: Fate = { kind: 'killed', halfway: false },
  ) {}

  /** Counts steps from here on: what has been done before does not matter. */
  arm(): void {
    this.steps = 0;
    this.armed = true;
  }

  /** Kills the host now. */
  kill(): void {
    this.dead = true;
  }

  read = (file: string) => this.look(() => nodeFiles.read(file));
  readStart = (file: string, length: number) => this.look(() => nodeFiles.readStart(file, length));
  list = (folder: string) => this.look(() => nodeFiles.list(folder));
  usage = (file: string) => this.look(() => nodeFiles.usage(file));

  create = (file: string, content: string | Uint8Array, mode?: number) =>
    this.step(
      () => nodeFiles.create(file, content, mode),
      () => createHalf(file, content),
      'create',
    );

  createSparse = (file: string, sizeBytes: number) =>
    this.step(
      () => nodeFiles.createSparse(file, sizeBytes),
      () => createHalf(file, ''),
      'createSparse',
    );

  copy = (from: string, to: string) =>
    this.step(
      () => nodeFiles.copy(from, to),
      () => createHalf(to, ''),
      'copy',
    );

  rename = (from: string, to: string) => this.step(() => nodeFiles.rename(from, to), undefined, 'rename');
  remove = (target: string) => this.step(() => nodeFiles.remove(target), undefined, 'remove');
  makeFolder = (folder: string) => this.step(() => nodeFiles.makeFolder(folder), undefined, 'makeFolder');
  syncFolder = (folder: string) => this.step(() => nodeFiles.syncFolder(folder), undefined, 'syncFolder');

  private look<T>(how: () => Promise<T>): Promise<T> {
    return this.dead ? Promise.reject(new KilledError()) : how();
  }

  private async step(whole: () => Promise<void>, half: (() => Promise<void>) | undefined, name: Step): Promise<void> {
    if (this.dead) throw new KilledError();
    if (!this.armed) return whole();
    this.steps++;
    if (this.fate.kind === 'killed' && this.steps === this.at) {
      if (this.fate.halfway) await half?.();
      this.dead = true;
      throw new KilledError();
    }
    const refused =
      this.fate.kind === 'refused' && (this.fate.onwards ? this.steps >= this.at : this.steps === this.at);
    // Taking away and syncing need no room: a full disk refuses neither.
    const needsRoom = name !== 'remove' && name !== 'syncFolder' && name !== 'rename';
    if (this.fate.kind === 'refused' && refused && (needsRoom || this.fate.code !== 'ENOSPC')) {
      await half?.();
      throw Object.assign(new Error(`${this.fate.code}: refused`), { code: this.fate.code });
    }
    await whole();
  }
}

/** What a write that was cut off leaves: the name, and part of the content. */
async function createHalf(file: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(file, 'wx');
  await handle.writeFile(content.slice(0, Math.floor(content.length / 2)));
  await handle.close();
}
