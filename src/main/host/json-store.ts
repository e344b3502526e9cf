import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { writeFileAtomic } from '../node/atomic-file.js';

/** A small document the host keeps for itself. Missing or damaged, it starts again from its initial value. */
export class JsonStore<T> {
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly file: string,
    private current: T,
  ) {}

  static async open<T>(file: string, schema: z.ZodType<T>, initial: T): Promise<JsonStore<T>> {
    await mkdir(path.dirname(file), { recursive: true });
    return new JsonStore(file, await read(file, schema, initial));
  }

  get value(): T {
    return this.current;
  }

  /** Durable on return; changes reach the disk in the order they were made. */
  set(value: T): Promise<void> {
    this.current = value;
    const write = this.writing.then(() => writeFileAtomic(this.file, `${JSON.stringify(this.current, null, 2)}\n`));
    this.writing = write.catch(() => {});
    return write;
  }
}

async function read<T>(file: string, schema: z.ZodType<T>, initial: T): Promise<T> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return initial;
  }
}
