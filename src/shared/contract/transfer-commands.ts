import { z } from 'zod';
import { OFF } from './legal-states.js';
import { machineViewSchema } from './machine-view.js';

/** Commands that take machines over from other programs and give them away. Both are jobs, as in snapshot-commands.ts. */
export const TRANSFER_COMMANDS = {
  /**
   * Makes a machine of an OVA archive, an OVF, VMX or VBOX description, or a disk, from the media catalogue. Its disks
   * are converted into the library; what they are made from stays as it is.
   */
  'machine.import': {
    request: z.object({ mediaId: z.string(), name: z.string().trim().min(1).max(80).nullable().default(null) }),
    reply: z.object({
      machine: machineViewSchema,
      /** What it had and ours has not, a sentence each. */
      warnings: z.array(z.string()),
    }),
  },
  /** Writes the machine as it is now, its disks flattened, to a new OVA file on the host. */
  'machine.export': {
    request: z.object({ id: z.string(), path: z.string().min(1).max(4096) }),
    reply: z.object({ path: z.string(), sizeBytes: z.number() }),
    states: OFF,
  },
} as const;
