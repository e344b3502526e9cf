import { z } from 'zod';
import { LIVE, OFF, SETTLED } from './legal-states.js';
import { machineViewSchema } from './machine-view.js';
import { comparisonSchema, snapshotTreeViewSchema, snapshotViewSchema } from './snapshot-view.js';

const machine = z.object({ id: z.string() });
const one = machine.extend({ snapshotId: z.string() });
const name = z.string().trim().min(1).max(80);
const notes = z.string().max(10_000);

/**
 * Commands about the snapshots of a machine, its clones and its suspended state. Long ones answer when they are done;
 * their progress comes as `job` events and the tree, each time it changes, as `snapshots-changed`.
 */
export const SNAPSHOT_COMMANDS = {
  'snapshot.tree': { request: machine, reply: snapshotTreeViewSchema },
  /** Without a name it gets one from the time. Of a running machine: with its RAM; the guest goes on meanwhile. */
  'snapshot.take': {
    request: machine.extend({ name: name.optional(), notes: notes.default('') }),
    reply: snapshotViewSchema,
    states: [...OFF, ...LIVE],
  },
  /** Throws away the present state. A snapshot of a running machine runs again afterwards, one of a stopped one is off. */
  'snapshot.revert': { request: one, reply: machineViewSchema, states: SETTLED },
  /** Forgets a snapshot and merges its disk layers into what builds on them; `descendants` takes all below it along. */
  'snapshot.delete': {
    request: one.extend({ descendants: z.boolean().default(false) }),
    reply: snapshotTreeViewSchema,
    states: SETTLED,
  },
  'snapshot.edit': {
    request: one.extend({ name: name.optional(), notes: notes.optional() }),
    reply: snapshotViewSchema,
  },
  /** PNG of the screen at the time, base64; null if there is none. */
  'snapshot.thumbnail': { request: one, reply: z.object({ png: z.string().nullable() }) },
  /** Null stands for the present state; of a running machine, as its disks are on the host. */
  'snapshot.compare': {
    request: machine.extend({ from: z.string().nullable(), to: z.string().nullable() }),
    reply: comparisonSchema,
    states: SETTLED,
  },
  /** Merges what deleted snapshots have left behind. */
  'snapshot.tidy': { request: machine, reply: snapshotTreeViewSchema, states: SETTLED },
  /**
   * Makes a machine with a new id, like this one now or at a snapshot. A linked clone keeps only what differs and needs
   * the snapshot it was made from; without one named, a snapshot is taken for it.
   */
  'machine.clone': {
    request: machine.extend({
      name,
      kind: z.enum(['full', 'linked']),
      snapshotId: z.string().nullable().default(null),
      folder: z.string().max(200).optional(),
    }),
    reply: machineViewSchema,
    states: SETTLED,
  },
  /** Saves RAM, processor and devices, and ends the process; `machine.start` and `machine.resume` go on from there. */
  'machine.suspend': { request: machine, reply: machineViewSchema, states: LIVE },
  /** Throws the saved state away, as if the power had been cut. */
  'machine.discardState': { request: machine, reply: machineViewSchema, states: ['suspended'] },
} as const;
