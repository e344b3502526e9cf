import path from 'node:path';
import { z } from 'zod';
import { AnnexError } from '../../../shared/contract/errors.js';
import { writeFileAtomic } from '../../node/atomic-file.js';
import type { HostFiles } from '../../node/host-files.js';

/** Documents of a machine's folder that can change together, relative to it. */
const DOCUMENTS = ['machine.json', 'snapshots/tree.json'] as const;
export type MachineDocument = (typeof DOCUMENTS)[number];
/** The new content of each document that changes. */
export type DocumentWrites = Readonly<Partial<Record<MachineDocument, string>>>;

const JOURNAL = 'snapshots/journal.json';

const journalSchema = z.object({ version: z.literal(1), writes: z.partialRecord(z.enum(DOCUMENTS), z.string()) });

/**
 * Changes several documents of one machine as one. The journal holds their new content: once it has its name the change
 * has happened, and whoever finds it writes the documents (again) and removes it. Before, nothing has happened.
 */
export class MachineJournal {
  private last: Promise<unknown> = Promise.resolve();
  /** A change that has happened, but whose documents could not all be written. */
  private unfinished: DocumentWrites | undefined;

  constructor(
    private readonly folder: string,
    private readonly files: HostFiles,
  ) {}

  /** Durable on return. @throws what the file system says; nothing has changed then */
  commit(writes: DocumentWrites): Promise<void> {
    return this.inTurn(async () => {
      await this.finish();
      const [[only, text] = [], ...others] = Object.entries(writes) as [MachineDocument, string][];
      if (only === undefined || text === undefined) return;
      if (others.length === 0) return this.write(only, text);
      const content = `${JSON.stringify({ version: 1, writes } satisfies z.input<typeof journalSchema>)}\n`;
      await writeFileAtomic(this.file(JOURNAL), content, { files: this.files });
      this.unfinished = writes;
      // From here on it has happened: what cannot be written now is written before the next change, or by recovery.
      await this.finish().catch(() => {});
    });
  }

  /** Whether a change has been begun and not finished. */
  async isPending(): Promise<boolean> {
    return (await this.files.usage(this.file(JOURNAL))) !== undefined;
  }

  /** Finishes a change that a crash has cut off. The caller holds the machine's lock. @throws AnnexError `snapshots-damaged` */
  recover(): Promise<void> {
    return this.inTurn(async () => {
      const bytes = await this.files.read(this.file(JOURNAL));
      if (bytes) await this.apply(parseJournal(bytes));
    });
  }

  private async finish(): Promise<void> {
    if (this.unfinished) await this.apply(this.unfinished);
    this.unfinished = undefined;
  }

  private async apply(writes: DocumentWrites): Promise<void> {
    for (const [document, text] of Object.entries(writes)) await this.write(document as MachineDocument, text);
    await this.files.remove(this.file(JOURNAL));
    await this.files.syncFolder(path.dirname(this.file(JOURNAL)));
  }

  private write(document: MachineDocument, text: string): Promise<void> {
    return writeFileAtomic(this.file(document), text, { files: this.files });
  }

  private file(relative: string): string {
    return path.join(this.folder, ...relative.split('/'));
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => {});
    return turn;
  }
}

function parseJournal(bytes: Uint8Array): DocumentWrites {
  try {
    const { writes } = journalSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return writes as DocumentWrites;
  } catch (cause) {
    throw new AnnexError('snapshots-damaged', 'The file snapshots/journal.json is damaged. Remove it, or restore it from a copy.', {}, { cause }); // prettier-ignore
  }
}
