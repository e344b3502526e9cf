import { z } from 'zod';
import { machineConfigSchema } from '../config/machine-config.js';
import { kvmObstacleSchema } from '../engine/kvm-probe.js';
import { wireErrorSchema } from './errors.js';

/**
 * Life of a machine as a person sees it. `crashed`: its process died or the guest shut down by a triple fault.
 * `suspended`: off, with RAM and devices saved. `suspending`: being saved, about to be that.
 */
export const powerStateSchema = z.enum([
  'stopped', 'starting', 'running', 'paused', 'stopping', 'suspending', 'suspended', 'crashed',
]); // prettier-ignore
export type PowerState = z.infer<typeof powerStateSchema>;

export const engineReportSchema = z.object({
  /** Engine that runs, or would run. */
  engine: z.enum(['interpreter', 'translator', 'kvm']),
  /** Why this one, in a sentence; `reasonCode` is what the renderer translates. */
  reasonCode: z.enum([
    'only-software-engine',
    'chosen-by-person',
    'fastest-measured',
    'kvm-emulated',
    ...kvmObstacleSchema.options,
    'state-not-for-kvm',
  ]),
  reason: z.string(),
  /** Measured speed of each engine tried, million guest instructions a second. */
  measuredMips: z.record(z.string(), z.number()).optional(),
});
export type EngineReport = z.infer<typeof engineReportSchema>;

/** A library entry whose `machine.json` cannot be used; shown with its message, never touched. */
export const brokenMachineSchema = z.object({ id: z.string(), path: z.string(), error: wireErrorSchema });
export type BrokenMachine = z.infer<typeof brokenMachineSchema>;

/** Where a medium is now: what the drive holds, as a display name; never a path the renderer could make up. */
export const driveViewSchema = z.object({
  id: z.string(),
  kind: z.enum(['disk', 'cdrom', 'floppy']),
  /** File name for display, null when empty. */
  mediumName: z.string().nullable(),
  mediumPath: z.string().nullable(),
  sizeBytes: z.number().nullable(),
  /** Bytes the file takes on the host. */
  usedBytes: z.number().nullable(),
  /** Guest holds the tray locked. */
  locked: z.boolean(),
});
export type DriveView = z.infer<typeof driveViewSchema>;

export const machineViewSchema = z.object({
  config: machineConfigSchema,
  /** Folder of the machine on the host, for display and "Show in folder". */
  path: z.string(),
  state: powerStateSchema,
  /** Why it is paused or crashed, if not by the person (disk full, process died, triple fault). */
  problem: wireErrorSchema.nullable(),
  engine: engineReportSchema.nullable(),
  /** Unix ms of the last start, null if never started. */
  startedAt: z.number().nullable(),
  lastUsedAt: z.number().nullable(),
  drives: z.array(driveViewSchema),
  diskBytes: z.number(),
  /** Whether everything written in this run is thrown away at power-off. */
  disposable: z.boolean(),
  /** How many snapshots there are, and the one the present state builds on; `snapshot.tree` has them all. */
  snapshots: z.object({ count: z.number(), currentId: z.string().nullable() }),
  /** Changes when a new thumbnail is available through `machine.thumbnail`; null if never. */
  thumbnailVersion: z.number().nullable(),
});
export type MachineView = z.infer<typeof machineViewSchema>;

/** A guest's address in hexadecimal. */
const addressSchema = z.string().regex(/^[0-9a-f]{1,16}$/);

/** What an engine that translates holds at this moment. */
export const translatorFiguresSchema = z.object({
  regions: z.number(),
  /** Size of their modules. */
  bytes: z.number(),
  /** Most that there may be. */
  mostRegions: z.number(),
  mostBytes: z.number(),
  /** Guest instructions the regions made so far were made of. */
  instructionsTranslated: z.number(),
  /** Time that making them took on the machine's thread, in ms; V8's optimizing compiler is not in it. */
  translationMs: z.number(),
  /** The part of it that V8 took to compile and instantiate modules. */
  compilationMs: z.number(),
  /** Pages whose code was forgotten with what was translated from it, since power-on. */
  dropped: z.number(),
  /** Regions given up for want of room, since power-on. */
  evicted: z.number(),
  /** Where the guest's kernel takes system calls, in hexadecimal: LSTAR, or else SYSENTER's EIP; 0 without either. */
  syscallEntry: addressSchema,
  /** The regions used most, the first one most of all; none where nobody looks. */
  hottest: z
    .array(
      z.object({
        /** Linear address of its first entry when it was made, in hexadecimal. */
        address: addressSchema,
        /** Its first instructions there. */
        code: z.string().max(1000),
        /** Guest instructions it is made of. */
        instructions: z.number(),
        /** Size of its module. */
        bytes: z.number(),
        /** Entries from the main loop, the recent ones. */
        uses: z.number(),
        /** Kernel code by its name and an offset, as in `do_idle+0x1f`; absent without a System.map, and for what it has not. */
        symbol: z.string().max(300).optional(),
      }),
    )
    .max(32),
  /** The System.map the machine is set to: its file's name, and why it names nothing, if so. */
  symbols: z.object({ file: z.string(), problem: wireErrorSchema.nullable() }).optional(),
});
export type TranslatorView = z.infer<typeof translatorFiguresSchema>;

/** One sample of a running machine, sent about every second while someone watches and every few otherwise. */
export const machineMetricsSchema = z.object({
  machineId: z.string(),
  /** Unix ms. */
  at: z.number(),
  /** Share of one host core the vCPU used since the last sample, 0…1. */
  cpuLoad: z.number(),
  /** Guest instructions a second since the last sample. */
  instructionsPerSecond: z.number(),
  /** Counters since the last sample, per second: exits by reason, interrupts by kind, port and MMIO accesses, TLB misses… */
  rates: z.record(z.string(), z.number()),
  /** Bytes a second by drive id. */
  disks: z.record(z.string(), z.object({ readBytes: z.number(), writeBytes: z.number() })),
  /** Resident bytes of the VM process, and guest RAM configured. */
  memory: z.object({ residentBytes: z.number(), guestBytes: z.number() }),
  uptimeSeconds: z.number(),
  screen: z.object({ width: z.number(), height: z.number(), graphics: z.boolean() }),
  keyboardLeds: z.object({ caps: z.boolean(), num: z.boolean(), scroll: z.boolean() }),
  /** Whether the guest takes absolute pointer positions, so that capture is not needed. */
  absolutePointer: z.boolean(),
  /** Of an engine that translates. */
  translator: translatorFiguresSchema.optional(),
});
export type MachineMetrics = z.infer<typeof machineMetricsSchema>;
