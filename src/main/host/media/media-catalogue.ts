import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { MediaView } from '../../../shared/contract/host-view.js';
import { JsonStore } from '../json-store.js';
import { detectMedia, type MediaDetection } from './detect-media.js';
import { withFileSource } from './file-source.js';

/** Media kept; the ones not used for longest are forgotten first. */
const MAX_MEDIA = 200;

const entriesSchema = z.array(z.object({ id: z.string(), path: z.string() }));
type Entry = z.infer<typeof entriesSchema>[number];

/** Media the person has shown us, newest last. Clients hold ids; only this class knows what path an id stands for. */
export class MediaCatalogue {
  /** What was found in files, by path, as of a size and time of change. */
  private readonly detections = new Map<string, { readonly asOf: string; readonly detection: MediaDetection }>();

  private constructor(private readonly store: JsonStore<Entry[]>) {}

  static async open(file: string): Promise<MediaCatalogue> {
    return new MediaCatalogue(await JsonStore.open<Entry[]>(file, entriesSchema, []));
  }

  /** Takes a file in and looks at its content. @throws AnnexError if it cannot be read */
  async add(file: string): Promise<MediaView> {
    if (!path.isAbsolute(file))
      throw new AnnexError('media-not-readable', `"${file}" is not an absolute path.`, { name: file });
    const normal = path.normalize(file);
    const entry = this.store.value.find((known) => known.path === normal) ?? { id: randomUUID(), path: normal };
    const view = await this.describe(entry);
    await this.store.set([...this.store.value.filter((known) => known.id !== entry.id), entry].slice(-MAX_MEDIA));
    return view;
  }

  /** What is still there, most recent first. */
  async list(): Promise<MediaView[]> {
    const views = await Promise.all(this.store.value.map((entry) => this.describe(entry).catch(() => undefined)));
    return views.filter((view) => view !== undefined).reverse();
  }

  /** @throws AnnexError `media-not-found` */
  pathOf(id: string): string {
    const entry = this.store.value.find((known) => known.id === id);
    if (!entry)
      throw new AnnexError('media-not-found', 'This medium is not known any more. Choose the file again.', { id });
    return entry.path;
  }

  /** @throws AnnexError `media-not-found`, or why the file cannot be read */
  async get(id: string): Promise<MediaView> {
    return this.describe({ id, path: this.pathOf(id) });
  }

  async forget(id: string): Promise<void> {
    await this.store.set(this.store.value.filter((known) => known.id !== id));
  }

  /** Detection reads a dozen sectors; a list of media must not do it again for files that have not changed. */
  private describe(entry: Entry): Promise<MediaView> {
    const name = path.basename(entry.path);
    return withFileSource(entry.path, name, async (source, modifiedAt) => {
      const asOf = `${source.size} ${modifiedAt}`;
      const known = this.detections.get(entry.path);
      const detection = known?.asOf === asOf ? known.detection : await detectMedia(source, name);
      this.detections.set(entry.path, { asOf, detection });
      return { ...entry, name, sizeBytes: source.size, ...detection };
    });
  }
}
