import path from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../node/atomic-file.js';
import type { HostFiles } from '../../node/host-files.js';
import { IMAGE_DRAFT } from '../../node/image-draft.js';
import { identifyProcess, isAlive } from '../../node/process-identity.js';

const INTENTS = 'disk-intents.json';

/** Only what can be a disk in the machine's own folder: a name here may end in the file's removal. */
const diskFileName = z.string().regex(/^[^/\\]+\.(raw|img|qcow2|vmdk|vdi|vhdx?)$/i);

const intentsSchema = z.object({ version: z.literal(1), files: z.array(diskFileName) });

/**
 * The intent log of a machine's disk files: names of files that are about to be made or removed. Whether each stays is
 * decided by the settings: one they do not name when the log is settled goes, whether the work ended, failed or was killed.
 */
export class DiskIntents {
  constructor(
    private readonly folder: string,
    private readonly files: HostFiles,
  ) {}

  /** Durable on return. What is no name of a disk in the machine's folder is left to the caller. @throws what the file system says */
  async begin(names: readonly string[]): Promise<void> {
    const fitting = names.filter((name) => diskFileName.safeParse(name).success);
    const files = [...new Set([...(await this.read()), ...fitting])];
    const content = JSON.stringify({ version: 1, files } satisfies z.input<typeof intentsSchema>);
    await writeFileAtomic(this.log, `${content}\n`, { files: this.files });
  }

  /** Whether work on disk files was begun and not settled. */
  async arePending(): Promise<boolean> {
    return (await this.files.usage(this.log)) !== undefined;
  }

  /**
   * Removes the files of the log that are not used; nobody may be at work on the machine. A log whose files a process
   * of a dead host is still writing is kept for the next time.
   * @param used absolute paths
   * @throws what the file system says; the log stays then
   */
  async settle(used: ReadonlySet<string>): Promise<void> {
    const files = await this.read();
    if (await this.areBeingMade(files)) return;
    // What the settings say must outlast a power cut before what they said earlier is taken at its word.
    await this.files.syncFolder(this.folder);
    for (const file of files.map((name) => path.join(this.folder, name)))
      if (!used.has(file)) await this.removeWithLock(file);
    await this.files.remove(this.log);
  }

  /** A job that was killed leaves its lock beside the image, where it outlives it. */
  private async removeWithLock(file: string): Promise<void> {
    await this.files.remove(file);
    await this.files.remove(`${file}.lock`);
  }

  private get log(): string {
    return path.join(this.folder, INTENTS);
  }

  /** None if the log is damaged: nothing is removed on its word. */
  private async read(): Promise<readonly string[]> {
    const bytes = await this.files.read(this.log);
    if (!bytes) return [];
    try {
      return intentsSchema.parse(JSON.parse(new TextDecoder().decode(bytes))).files;
    } catch {
      return [];
    }
  }

  private async areBeingMade(files: readonly string[]): Promise<boolean> {
    const drafts = (await this.files.list(this.folder)).flatMap((name) => {
      const pid = Number(IMAGE_DRAFT.exec(name)?.[1]);
      return pid && files.includes(name.replace(IMAGE_DRAFT, '')) ? [pid] : [];
    });
    return drafts.some((pid) => isAlive(identifyProcess(pid)));
  }
}
