import { z } from 'zod';
import { diskFormatSchema } from '../config/machine-config.js';
import { wireErrorSchema } from '../contract/errors.js';

/**
 * What the host or the command line and a disk-job process say to each other. A process does one job and ends. Paths are
 * absolute. Images are hostile input, which is why they are read in a process of their own, and why it is checked what
 * it says.
 */

const path = z.string().min(1).max(4096);
/** In bytes. */
const bytes = z.int().nonnegative();
const sectorBytes = bytes.refine((size) => size % 512 === 0, 'must be a multiple of 512');

export const imageLayoutSchema = z.enum(['sparse', 'fixed', 'compressed']);
export const repairModeSchema = z.enum(['none', 'leaks', 'all']);

/** An image that is there. */
export const imageRefSchema = z.object({
  path,
  /** `null`: recognised by its signature. Never for the disk of a machine: a guest can write any signature. */
  format: diskFormatSchema.nullable(),
  /** Every file it may build on; `null`: those in its own folder or below. */
  bases: z.array(path).nullable(),
});
export type ImageRef = z.infer<typeof imageRefSchema>;

/** A file with a machine's saved memory, and every one it builds on. */
const stateRefSchema = z.object({ path, bases: z.array(path) });

const backingSchema = z.object({
  /** As the image is to say it: relative to its folder, or absolute. */
  name: z.string().min(1).max(1023),
  format: diskFormatSchema,
});

export const diskJobRequestSchema = z.discriminatedUnion('job', [
  z.object({ job: z.literal('info'), image: imageRefSchema }),
  /** Makes an empty image; with `backing` an overlay, as large as what it builds on if `size` is null. */
  z.object({
    job: z.literal('create'),
    path,
    format: diskFormatSchema,
    layout: imageLayoutSchema,
    size: sectorBytes.nullable(),
    clusterBytes: z.int().positive().nullable(),
    backing: backingSchema.nullable(),
    bases: z.array(path).nullable(),
  }),
  /** Writes what a whole chain of images reads as into one new image. */
  z.object({
    job: z.literal('convert'),
    source: imageRefSchema,
    path,
    format: diskFormatSchema,
    layout: imageLayoutSchema,
  }),
  /** Cutting off what may hold data needs `allowShrink`. */
  z.object({ job: z.literal('resize'), image: imageRefSchema, size: sectorBytes, allowShrink: z.boolean() }),
  /** Rewrites an image without what it does not need; its backing stays. */
  z.object({ job: z.literal('compact'), image: imageRefSchema }),
  z.object({ job: z.literal('check'), image: imageRefSchema, repair: repairModeSchema }),
  z.object({ job: z.literal('compare'), a: imageRefSchema, b: imageRefSchema }),
  /** How much memory differs between two saved states. */
  z.object({ job: z.literal('compare-memory'), a: stateRefSchema, b: stateRefSchema }),
  /** Takes what `child` reads of `layer`, the image it builds on, into `child`, which then builds on what `layer` does. */
  z.object({ job: z.literal('merge-up'), child: imageRefSchema, layer: path }),
  /** Writes what `child` holds into `layer`, the image it builds on; `child` stays as it is, and is superfluous. */
  z.object({ job: z.literal('merge-down'), child: imageRefSchema, layer: path }),
  /** Rewrites a saved state with what it takes from `base`, the state it builds on; it then builds on what `base` does. */
  z.object({ job: z.literal('merge-state'), state: path, base: path }),
  /** Changes what an image says it builds on, and nothing else. */
  z.object({ job: z.literal('rebase'), image: imageRefSchema, backing: backingSchema.nullable() }),
]);
export type DiskJobRequest = z.infer<typeof diskJobRequestSchema>;
export type DiskJobName = DiskJobRequest['job'];

const detailsSchema = z.object({
  path: z.string(),
  format: diskFormatSchema,
  layout: imageLayoutSchema,
  /** In the format's own terms. */
  variant: z.string().nullable(),
  /** Size of the disk. */
  size: bytes,
  /** What its file takes on the host. */
  fileBytes: bytes,
  clusterBytes: bytes.nullable(),
  backing: z.object({ name: z.string(), format: z.string().nullable() }).nullable(),
  snapshots: z.array(z.object({ id: z.string(), name: z.string(), size: bytes, takenAt: z.number() })),
  needsRepair: z.boolean(),
});
export type DiskDetails = z.infer<typeof detailsSchema>;

const checkReportSchema = z.object({
  errors: z.int().nonnegative(),
  leaks: z.int().nonnegative(),
  repairedErrors: z.int().nonnegative(),
  repairedLeaks: z.int().nonnegative(),
  problems: z.array(z.string()),
});
export type DiskCheckReport = z.infer<typeof checkReportSchema>;

/** Ranges of a disk, of which there may be more than are listed. */
const differenceSchema = z.object({
  differentBytes: bytes,
  ranges: z.array(z.object({ offset: bytes, length: bytes })),
});
export type DiskDifference = z.infer<typeof differenceSchema>;

const nothingSchema = z.object({});

/** Answers by job. */
export const diskJobReplySchemas = {
  'info': detailsSchema,
  'create': nothingSchema,
  'convert': nothingSchema,
  'resize': nothingSchema,
  'compact': z.object({ bytesBefore: bytes, bytesAfter: bytes }),
  'check': checkReportSchema,
  'compare': differenceSchema,
  'compare-memory': z.object({ differentBytes: bytes, totalBytes: bytes }),
  'merge-up': nothingSchema,
  'merge-down': nothingSchema,
  'merge-state': nothingSchema,
  'rebase': nothingSchema,
} as const satisfies Record<DiskJobName, z.ZodType>;
export type DiskJobReply<N extends DiskJobName> = z.output<(typeof diskJobReplySchemas)[N]>;

export const toDiskJobSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), request: diskJobRequestSchema }),
  /** Ends the job at its next step; what it made so far is removed. */
  z.object({ type: z.literal('cancel') }),
]);
export type ToDiskJob = z.infer<typeof toDiskJobSchema>;

export const fromDiskJobSchema = z.discriminatedUnion('type', [
  /** The process is up and waits for `start`. */
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('progress'), doneBytes: bytes, totalBytes: bytes }),
  z.object({ type: z.literal('done'), value: z.unknown() }),
  z.object({ type: z.literal('failed'), error: wireErrorSchema }),
]);
export type FromDiskJob = z.infer<typeof fromDiskJobSchema>;
