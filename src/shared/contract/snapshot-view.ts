import { z } from 'zod';
import { wireErrorSchema } from './errors.js';

/** Who asked for a snapshot: a person, the machine's schedule, or Annex itself before something that cannot be undone. */
export const snapshotKindSchema = z.enum(['manual', 'automatic', 'before-risk']);
export type SnapshotKind = z.infer<typeof snapshotKindSchema>;

/** A machine of the library, by what a message needs of it. */
export const machineReferenceSchema = z.object({ machineId: z.string(), name: z.string() });
export type MachineReference = z.infer<typeof machineReferenceSchema>;

/** One point a machine can go back to. */
export const snapshotViewSchema = z.object({
  id: z.string(),
  /** Null for one taken of the machine as it was made. */
  parentId: z.string().nullable(),
  name: z.string(),
  notes: z.string(),
  /** Unix ms. */
  createdAt: z.number(),
  kind: snapshotKindSchema,
  /** State the machine was in, and will be in after a revert. `running` comes with RAM, processor and devices. */
  power: z.enum(['off', 'running']),
  /** `saving` while the RAM of a running machine is still being written: it cannot be reverted to yet. */
  progress: z.enum(['saving', 'complete']),
  /** Guest RAM configured at the time, in bytes. */
  memoryBytes: z.number(),
  /** Whether `snapshot.thumbnail` has a picture. */
  hasThumbnail: z.boolean(),
  /** Bytes on the host of what the guest had written to its disks since the snapshot before. */
  diskBytes: z.number(),
  /** Bytes on the host of RAM and device state. */
  stateBytes: z.number(),
  /** Machines whose disks build on this snapshot: it cannot be deleted while they exist. */
  linkedClones: z.array(machineReferenceSchema),
});
export type SnapshotView = z.infer<typeof snapshotViewSchema>;

/** The snapshots of one machine. */
export const snapshotTreeViewSchema = z.object({
  machineId: z.string(),
  /** Parents come before their children. */
  snapshots: z.array(snapshotViewSchema),
  /** "You are here": the snapshot the present state builds on; null for none. */
  currentId: z.string().nullable(),
  /** Bytes on the host of what was written since that snapshot. */
  currentBytes: z.number(),
  /** Bytes on the host of all snapshots and of layers that wait to be merged. */
  totalBytes: z.number(),
  /** Layers of deleted snapshots that are still to be merged; done when the machine is off or by `snapshot.tidy`. */
  pendingMerges: z.number(),
  /** Machine and snapshot a linked clone builds on; null for any other machine. */
  base: machineReferenceSchema.extend({ snapshotId: z.string() }).nullable(),
  /** Why the snapshots cannot be used (file damaged, made by a newer version); null when all is well. */
  problem: wireErrorSchema.nullable(),
});
export type SnapshotTreeView = z.infer<typeof snapshotTreeViewSchema>;

/** What differs between two points of a machine. */
export const comparisonSchema = z.object({
  drives: z.array(
    z.object({
      driveId: z.string(),
      change: z.enum(['same', 'changed', 'added', 'removed']),
      /** Bytes in blocks that differ; of an added or removed disk, its size. */
      differentBytes: z.number(),
      sizeBytes: z.number(),
    }),
  ),
  /** RAM in pages that differ; null unless both points have RAM. */
  memory: z.object({ differentBytes: z.number(), totalBytes: z.number() }).nullable(),
  /** Settings that differ, by field name, as JSON text; null for a field that one of the two does not have. */
  settings: z.array(z.object({ field: z.string(), from: z.string().nullable(), to: z.string().nullable() })),
});
export type Comparison = z.infer<typeof comparisonSchema>;
