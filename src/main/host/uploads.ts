import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AnnexError } from '../../shared/contract/errors.js';
import type { MediaView } from '../../shared/contract/host-view.js';
import type { Jobs } from './jobs.js';
import { fileError } from './library/machine-folder.js';
import type { MediaCatalogue } from './media/media-catalogue.js';

/** Room left free on the disk whatever is uploaded, in bytes. */
const KEEP_FREE_BYTES = 256 << 20;

/** Takes in files that a browser sends (served mode has no other way to drop a medium). */
export class Uploads {
  constructor(
    private readonly folder: string,
    private readonly media: MediaCatalogue,
    private readonly jobs: Jobs,
  ) {}

  /**
   * Stores a file under a free name and looks at it; an upload that breaks off leaves nothing.
   * @param name as the browser gave it: only its last part counts, and only harmless characters of that
   * @throws AnnexError
   */
  async receive(name: string, body: Readable, sizeBytes: number | null): Promise<MediaView> {
    const safe = safeName(name);
    const description = { kind: 'upload', title: safe, machineId: null } as const;
    return this.jobs.run(description, async ({ signal, progress }) => {
      await mkdir(this.folder, { recursive: true });
      await this.checkRoom(safe, sizeBytes);
      const part = path.join(this.folder, `.${process.pid}-${Date.now()}.part`);
      try {
        await this.store(body, part, signal, (done) => progress(done, sizeBytes));
        const file = path.join(this.folder, safe);
        await rename(part, file);
        return await this.media.add(file);
      } catch (cause) {
        throw fileError(cause, safe);
      } finally {
        await rm(part, { force: true });
      }
    });
  }

  private async store(
    body: Readable,
    file: string,
    signal: AbortSignal,
    progress: (done: number) => void,
  ): Promise<void> {
    let done = 0;
    body.on('data', (chunk: Buffer) => progress((done += chunk.length)));
    await pipeline(body, createWriteStream(file, { flags: 'wx', flush: true }), { signal });
  }

  private async checkRoom(name: string, sizeBytes: number | null): Promise<void> {
    const { bavail, bsize } = await statfs(this.folder);
    if ((sizeBytes ?? 0) + KEEP_FREE_BYTES > bavail * bsize)
      throw new AnnexError('no-space', `There is no room for "${name}". Free some space and try again.`, { name });
  }
}

function safeName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const clean = last
    .replace(/[\p{Cc}:*?"<>|]/gu, '_')
    .replace(/^\.+/, '')
    .slice(0, 150);
  return clean || 'upload';
}
