import { z } from 'zod';
import { ideSlotSchema } from '../config/machine-config.js';
import { OFF, SETTLED } from './legal-states.js';
import { machineViewSchema } from './machine-view.js';

const machine = z.object({ id: z.string() });
const drive = machine.extend({ driveId: z.string() });

/** Formats a machine's disk can be made in or converted to. */
export const writableFormatSchema = z.enum(['raw', 'qcow2']);
export type WritableFormat = z.infer<typeof writableFormatSchema>;

/** One file of a disk. */
export const diskLayerViewSchema = z.object({
  name: z.string(),
  format: z.string(),
  /** Bytes it takes on the host. */
  usedBytes: z.number(),
});

/** A disk of a machine with the files it is made of. */
export const diskViewSchema = z.object({
  driveId: z.string(),
  format: z.string(),
  /** Bytes the guest sees. */
  virtualBytes: z.number(),
  /** The layer in use first, the base last; one without snapshots. */
  layers: z.array(diskLayerViewSchema),
  /** Snapshots this disk belongs to. */
  snapshots: z.number(),
});
export type DiskView = z.infer<typeof diskViewSchema>;

export const diskCheckSchema = z.object({
  /** What is wrong, a sentence each. */
  problems: z.array(z.string()),
  /** Clusters nothing refers to: room lost, nothing worse. */
  leaks: z.number(),
  repaired: z.boolean(),
});
export type DiskCheck = z.infer<typeof diskCheckSchema>;

/** Commands about the disks of a machine that is off. Long ones are jobs, as in snapshot-commands.ts. */
export const DISK_COMMANDS = {
  'disk.list': { request: machine, reply: z.object({ disks: z.array(diskViewSchema) }), states: SETTLED },
  /** A new empty disk, in the first free place unless one is named. */
  'disk.add': {
    request: machine.extend({
      sizeBytes: z.int().positive(),
      format: writableFormatSchema.default('qcow2'),
      slot: ideSlotSchema.optional(),
    }),
    reply: machineViewSchema,
    states: OFF,
  },
  /** A disk image from the media catalogue; it is used where it is. */
  'disk.attach': {
    request: machine.extend({ mediaId: z.string(), slot: ideSlotSchema.optional() }),
    reply: machineViewSchema,
    states: OFF,
  },
  /** Takes a disk out; `deleteFile` deletes its file too if it is in the machine's folder and no snapshot needs it. */
  'disk.remove': {
    request: drive.extend({ deleteFile: z.boolean().default(false) }),
    reply: machineViewSchema,
    states: OFF,
  },
  /** Makes a disk larger. Snapshots keep the size they have. */
  'disk.grow': { request: drive.extend({ sizeBytes: z.int().positive() }), reply: machineViewSchema, states: OFF },
  /** Gives room back that the guest no longer uses. */
  'disk.compact': {
    request: drive,
    reply: z.object({ beforeBytes: z.number(), afterBytes: z.number() }),
    states: OFF,
  },
  /** Only a disk without snapshots. */
  'disk.convert': { request: drive.extend({ format: writableFormatSchema }), reply: machineViewSchema, states: OFF },
  'disk.check': { request: drive.extend({ repair: z.boolean().default(false) }), reply: diskCheckSchema, states: OFF },
} as const;
