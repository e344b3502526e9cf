import { z } from 'zod';
import { engineReportSchema } from './machine-view.js';
import { wireErrorSchema } from './errors.js';

export const hostFactsSchema = z.object({
  platform: z.string(),
  version: z.string(),
  cpuModel: z.string(),
  cpus: z.number(),
  /** Share of all host cores in use lately, 0…1; absent until measured. */
  cpuLoad: z.number().min(0).max(1).optional(),
  memoryBytes: z.number(),
  freeMemoryBytes: z.number(),
  libraryPath: z.string(),
  libraryFreeBytes: z.number(),
  /** Engine a new machine would get, and why. */
  engine: engineReportSchema,
  firmware: z.array(z.object({ kind: z.enum(['builtin', 'seabios', 'ovmf']), path: z.string().nullable(), version: z.string().nullable() })),
  /** Whether the one-click guest can be made here; if not, what is missing. */
  demo: z.object({ available: z.boolean(), reason: z.string().nullable() }),
}); // prettier-ignore
export type HostFacts = z.infer<typeof hostFactsSchema>;

/** A medium the person has chosen or uploaded. The renderer holds the id; only the host knows what path it stands for. */
export const mediaViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  path: z.string(),
  sizeBytes: z.number(),
  kind: z.enum(['iso', 'disk', 'floppy', 'kernel', 'initrd', 'unknown']),
  format: z.enum(['raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi', 'iso']).nullable(),
  /** What the content says it is, e.g. volume label and boot records; null when nothing was recognised. */
  detected: z
    .object({
      guestOs: z.string(),
      title: z.string(),
      bootable: z.boolean(),
      recommendedMemoryMiB: z.number(),
      recommendedDiskGiB: z.number(),
    })
    .nullable(),
  problem: wireErrorSchema.nullable(),
});
export type MediaView = z.infer<typeof mediaViewSchema>;

export const directoryEntrySchema = z.object({
  name: z.string(),
  kind: z.enum(['folder', 'file']),
  sizeBytes: z.number(),
  modifiedAt: z.number(),
});

/** Listing for the host-side file chooser of served mode. */
export const directoryViewSchema = z.object({
  path: z.string(),
  parent: z.string().nullable(),
  entries: z.array(directoryEntrySchema),
});
export type DirectoryView = z.infer<typeof directoryViewSchema>;
