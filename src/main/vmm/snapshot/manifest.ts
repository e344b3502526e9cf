import { z } from 'zod';
import { CODECS, type CodecName } from './codec.js';
import { CHUNK_PAGES } from './page-index.js';
import { damaged, StateError } from './state-error.js';

/** Version of the manifest and of what it describes. A reader takes this one and older ones. */
export const STATE_VERSION = 1;

/** Longest run of bytes stored in one piece. */
export const MAX_BLOB_BYTES = 16 << 20;

const count = z
  .int()
  .min(0)
  .max(2 ** 48);

/** Where bytes lie in the file and how they are stored. The checksum is of the stored form. */
const blobSchema = z.strictObject({
  offset: count,
  storedBytes: z
    .int()
    .min(0)
    .max(2 * MAX_BLOB_BYTES),
  bytes: z.int().min(0).max(MAX_BLOB_BYTES),
  codec: z.enum(CODECS),
  crc32: z.int().min(0).max(0xffff_ffff),
});
export type BlobRef = z.infer<typeof blobSchema>;

const MAX_CHUNKS = 2 ** 20;

/** A list checked by hand: the schema library takes microseconds an element, and there are tens of thousands. */
function column<T>(fits: (cell: unknown) => cell is T) {
  return z.custom<T[]>((cells) => Array.isArray(cells) && cells.length <= MAX_CHUNKS && cells.every(fits));
}

const between =
  (low: number, high: number) =>
  (cell: unknown): cell is number =>
    Number.isSafeInteger(cell) && (cell as number) >= low && (cell as number) <= high;

const isCodec = (cell: unknown): cell is CodecName => (CODECS as readonly unknown[]).includes(cell);

const chunksSchema = z.strictObject({
  offset: column(between(0, 2 ** 48)),
  storedBytes: column(between(0, 2 * CHUNK_PAGES * 4096)),
  pages: column(between(1, CHUNK_PAGES)),
  codec: column(isCodec),
  crc32: column(between(0, 0xffff_ffff)),
});
/** Chunks of pages by number, a column for each property. */
export type ChunkTable = z.infer<typeof chunksSchema>;

const manifestSchema = z.strictObject({
  format: z.literal('annex machine state'),
  version: z.literal(STATE_VERSION),
  /** UUID of this state. */
  id: z.uuid(),
  /** Id of the state it builds on, null if it stands alone. */
  base: z.uuid().nullable(),
  /** Wall-clock time of the moment saved, in ms since 1970. */
  takenAtMs: z.number(),
  machine: z.strictObject({
    machineId: z.string().max(100),
    memoryBytes: z
      .int()
      .positive()
      .max(2 ** 32)
      .multipleOf(4096),
    videoMemoryBytes: z
      .int()
      .min(0)
      .max(2 ** 28),
  }),
  /** CPU, firmware and devices. */
  state: z.array(blobSchema).max(64),
  videoMemory: z.array(blobSchema).max(64),
  /** Index of guest memory: see page-index.ts. */
  pages: z.array(blobSchema).max(64),
  chunks: chunksSchema,
});
export type Manifest = z.infer<typeof manifestSchema>;

/** What a manifest says of the machine it was made of. */
export type SavedMachine = Manifest['machine'];

const headSchema = z.looseObject({ format: z.literal('annex machine state'), version: z.int() });

/** @throws StateError `damaged` or `newer` */
export function parseManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged('its table of contents is no JSON', error);
  }
  const head = headSchema.safeParse(value);
  if (!head.success) throw damaged('its table of contents is not one', head.error);
  if (head.data.version > STATE_VERSION) throw newer();
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) throw damaged('its table of contents has entries nobody knows or lacks some', parsed.error);
  const { chunks } = parsed.data;
  if (Object.values(chunks).some((cells) => cells.length !== chunks.offset.length)) {
    throw damaged('its table of memory is incomplete');
  }
  return parsed.data;
}

export function newer(): StateError {
  return new StateError('newer', 'the state was saved by a newer version of Annex');
}
