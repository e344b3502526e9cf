import { createReadStream } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AnnexError } from '../../../shared/contract/errors.js';
import { fileError } from '../library/machine-folder.js';
import { withFileSource } from '../media/file-source.js';
import { readTar, type TarEntry } from './tar.js';

/** Largest description or manifest that is read. */
const MAX_TEXT_BYTES = 4 << 20;

/** The files of a machine made elsewhere: those in a folder, or those in an archive. */
export interface PackageFiles {
  /** Names of the files, of the folder only those at the top. */
  readonly names: readonly string[];
  /** @throws AnnexError if it is not there or too long */
  text(name: string): Promise<string>;
  /** Content in pieces. @throws AnnexError if it is not there */
  content(name: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Bytes of the file. */
  size(name: string): Promise<number>;
  /**
   * A file on the host with that content; of an archive, a copy in `scratch`.
   * @throws AnnexError if it is not there
   */
  materialize(name: string, scratch: string, signal: AbortSignal): Promise<string>;
}

/** The files beside a description, and below. Names lead nowhere else, also through symbolic links. */
export class FolderFiles implements PackageFiles {
  private constructor(
    private readonly folder: string,
    readonly names: readonly string[],
  ) {}

  static async open(folder: string): Promise<FolderFiles> {
    try {
      return new FolderFiles(await realpath(folder), await readdir(folder));
    } catch (cause) {
      throw fileError(cause, folder);
    }
  }

  async text(name: string): Promise<string> {
    const file = await this.resolve(name);
    return withFileSource(file, name, async (source) => {
      if (source.size > MAX_TEXT_BYTES) throw tooLong(name);
      return Buffer.from(await source.read(0, source.size)).toString('utf8');
    });
  }

  async content(name: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return createReadStream(await this.resolve(name), signal ? { signal } : {}) as AsyncIterable<Uint8Array>;
  }

  async size(name: string): Promise<number> {
    return withFileSource(await this.resolve(name), name, (source) => Promise.resolve(source.size));
  }

  materialize(name: string): Promise<string> {
    return this.resolve(name);
  }

  private async resolve(name: string): Promise<string> {
    const relative = name.replaceAll('\\', '/');
    const file = await realpath(path.resolve(this.folder, relative)).catch((cause: unknown) => {
      throw missing(name, cause);
    });
    if (file.startsWith(this.folder + path.sep)) {
      // Opening a pipe would wait for somebody who writes to it.
      if ((await stat(file)).isFile()) return file;
      throw missing(name, undefined);
    }
    throw new AnnexError(
      'appliance-invalid',
      `“${name}” is outside the folder of the machine. Copy it there, or import that disk alone.`,
      { name },
    );
  }
}

/** The files in a tar archive. */
export class ArchiveFiles implements PackageFiles {
  private constructor(
    private readonly archive: string,
    private readonly entries: ReadonlyMap<string, TarEntry>,
  ) {}

  /** @throws AnnexError if it is no archive */
  static async open(archive: string): Promise<ArchiveFiles> {
    const entries = await withFileSource(archive, path.basename(archive), (source) =>
      readTar(source, path.basename(archive)),
    );
    return new ArchiveFiles(archive, new Map(entries.map((entry) => [entry.name, entry])));
  }

  get names(): readonly string[] {
    return [...this.entries.keys()];
  }

  async text(name: string): Promise<string> {
    const { offset, size } = this.entry(name);
    if (size > MAX_TEXT_BYTES) throw tooLong(name);
    return withFileSource(this.archive, name, async (source) =>
      Buffer.from(await source.read(offset, size)).toString('utf8'),
    );
  }

  content(name: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { offset, size } = this.entry(name);
    if (size === 0) return Promise.resolve(noContent());
    const range = { start: offset, end: offset + size - 1, ...(signal && { signal }) };
    return Promise.resolve(createReadStream(this.archive, range) as AsyncIterable<Uint8Array>);
  }

  size(name: string): Promise<number> {
    return Promise.resolve(this.entry(name).size);
  }

  async materialize(name: string, scratch: string, signal: AbortSignal): Promise<string> {
    // Its own name is a stranger's choice.
    const file = path.join(scratch, `part-${[...this.entries.keys()].indexOf(name)}`);
    try {
      const handle = await open(file, 'wx');
      await pipeline(await this.content(name, signal), handle.createWriteStream(), { signal });
    } catch (cause) {
      if (signal.aborted) throw new AnnexError('cancelled', 'Cancelled.', {}, { cause });
      throw fileError(cause, name);
    }
    return file;
  }

  private entry(name: string): TarEntry {
    const entry = this.entries.get(name);
    if (entry === undefined) throw missing(name, undefined);
    return entry;
  }
}

async function* noContent(): AsyncGenerator<Uint8Array> {
  // An empty file has no pieces.
}

function missing(name: string, cause: unknown): AnnexError {
  const options = cause === undefined ? {} : { cause };
  return new AnnexError('appliance-invalid', `“${name}” is missing. Download or copy the machine again.`, { name }, options);
} // prettier-ignore

function tooLong(name: string): AnnexError {
  return new AnnexError('appliance-invalid', `“${name}” is too long for a description.`, { name });
}
