import { z } from 'zod';
import { wireErrorSchema } from './errors.js';
import { brokenMachineSchema, machineMetricsSchema, machineViewSchema } from './machine-view.js';
import { snapshotTreeViewSchema } from './snapshot-view.js';

/** Long work of the host that the person can watch and cancel. */
export const jobViewSchema = z.object({
  id: z.string(),
  kind: z.enum([
    'demo', 'upload', 'create-disk', 'checksum', 'import', 'export', 'snapshot-take', 'snapshot-revert', 'snapshot-merge',
    'snapshot-compare', 'suspend', 'clone', 'disk-grow', 'disk-compact', 'disk-convert', 'disk-check',
  ]), // prettier-ignore
  title: z.string(),
  machineId: z.string().nullable(),
  doneBytes: z.number(),
  totalBytes: z.number().nullable(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  error: wireErrorSchema.nullable(),
});
export type JobView = z.infer<typeof jobViewSchema>;

/** What the host tells without being asked. */
export const hostEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('machine-changed'), machine: machineViewSchema }),
  z.object({ type: z.literal('machine-removed'), id: z.string() }),
  z.object({ type: z.literal('snapshots-changed'), tree: snapshotTreeViewSchema }),
  z.object({ type: z.literal('broken-machines'), broken: z.array(brokenMachineSchema) }),
  z.object({ type: z.literal('metrics'), metrics: machineMetricsSchema }),
  /** Device lights: bytes or operations since the last event, at most ten a second, only while something moves. */
  z.object({
    type: z.literal('activity'),
    machineId: z.string(),
    drives: z.record(z.string(), z.enum(['read', 'write'])),
    serial: z.boolean(),
  }),
  z.object({ type: z.literal('screen-size'), machineId: z.string(), width: z.number(), height: z.number() }),
  z.object({ type: z.literal('job'), job: jobViewSchema }),
  /** The guest no longer takes input or the VM process is silent: release captured input. */
  z.object({ type: z.literal('stalled'), machineId: z.string(), stalled: z.boolean() }),
  /** Something a person should read that belongs to no dialog. */
  z.object({ type: z.literal('notice'), machineId: z.string().nullable(), error: wireErrorSchema }),
  z.object({ type: z.literal('settings-changed'), settings: z.record(z.string(), z.unknown()) }),
]);
export type HostEvent = z.infer<typeof hostEventSchema>;
