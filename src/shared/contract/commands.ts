import { z } from 'zod';
import { machineConfigSchema, type MachineConfig } from '../config/machine-config.js';
import { directoryViewSchema, hostFactsSchema, mediaViewSchema } from './host-view.js';
import { inputEventSchema } from './input.js';
import { DISK_COMMANDS } from './disk-commands.js';
import { AT_REST, LIVE, ON } from './legal-states.js';
import { brokenMachineSchema, machineViewSchema, type PowerState } from './machine-view.js';
import { SNAPSHOT_COMMANDS } from './snapshot-commands.js';
import { TRANSFER_COMMANDS } from './transfer-commands.js';

const id = z.object({ id: z.string() });
const nothing = z.object({});

/** One command: what it takes, what it answers, and in which power states of its machine it is legal. */
interface CommandSpec {
  readonly request: z.ZodType;
  readonly reply: z.ZodType;
  /** Power states in which the command is legal; absent: it is not about one machine, or legal in all. */
  readonly states?: readonly PowerState[];
}

/** What a new or edited machine is described by: the configuration without what the host decides. */
export const machineDraftSchema = machineConfigSchema.omit({ version: true, id: true, createdAt: true }).extend({
  /** Disks to create in the machine's folder, by drive id: virtual size in bytes. */
  newDisks: z.record(z.string(), z.object({ sizeBytes: z.number().int().positive() })).default({}),
  /** Media chosen by id (see mediaView), by drive id, or `kernel`, `initrd`, `firmware`, `systemMap`; replaces the path there. */
  media: z.record(z.string(), z.string()).default({}),
});
export type MachineDraft = z.input<typeof machineDraftSchema>;

/** Fields of a draft that are to be replaced. Without defaults: what is absent stays as it is. */
export const machinePatchSchema = withoutDefaults(machineDraftSchema.shape);
export type MachinePatch = Partial<Omit<z.output<typeof machineDraftSchema>, 'kernel'>> & {
  /** Null: starts from its boot devices again. */
  kernel?: z.output<typeof machineDraftSchema>['kernel'] | null;
};

function withoutDefaults(shape: typeof machineDraftSchema.shape): z.ZodType<MachinePatch, MachinePatch> {
  const fields = Object.entries(shape).map(([name, field]: [string, z.ZodType]) => [
    name,
    (field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : field).optional(),
  ]);
  const kernel = shape.kernel.unwrap().nullable().optional();
  return z.object({ ...Object.fromEntries(fields), kernel }) as unknown as z.ZodType<MachinePatch, MachinePatch>;
}

/**
 * Every command of the contract. The renderer, the CLI and served mode send these and nothing else; both edges validate
 * them. Bulk data (frames, serial bytes) travels on channels opened by `channel.open`.
 */
export const COMMANDS = {
  'host.facts': { request: nothing, reply: hostFactsSchema },
  'library.list': {
    request: nothing,
    reply: z.object({ machines: z.array(machineViewSchema), broken: z.array(brokenMachineSchema), folders: z.array(z.string()) }),
  },
  /** Keeps empty folders; folders of machines exist by being named. */
  'library.setFolders': { request: z.object({ folders: z.array(z.string()) }), reply: nothing },
  'machine.get': { request: id, reply: machineViewSchema },
  'machine.create': { request: z.object({ draft: machineDraftSchema }), reply: machineViewSchema },
  /** `patch` replaces top-level fields. Name, notes, folder, automatic snapshots and System.map may change at any time; the rest while off. */
  'machine.edit': { request: id.extend({ patch: machinePatchSchema }), reply: machineViewSchema },
  /** Moves the folder to the host's trash where there is one, else deletes it. */
  'machine.delete': { request: id, reply: nothing, states: AT_REST },
  /** A suspended machine goes on where it was. `disposable`: what the guest writes is thrown away at power-off. */
  'machine.start': { request: id.extend({ disposable: z.boolean().default(false) }), reply: machineViewSchema, states: AT_REST },
  'machine.pause': { request: id, reply: machineViewSchema, states: ['running'] },
  'machine.resume': { request: id, reply: machineViewSchema, states: ['paused', 'suspended'] },
  'machine.reset': { request: id, reply: machineViewSchema, states: LIVE },
  /** Presses the ACPI power button. The guest decides what to do. */
  'machine.shutdown': { request: id, reply: machineViewSchema, states: ['running'] },
  'machine.powerOff': { request: id, reply: machineViewSchema, states: ON },
  'machine.setMedium': {
    request: id.extend({ driveId: z.string(), mediaId: z.string().nullable(), force: z.boolean().default(false) }),
    reply: machineViewSchema,
  },
  'machine.input': { request: id.extend({ events: z.array(inputEventSchema).max(1024) }), reply: nothing, states: ['running'] },
  /** Types text through the keyboard, for a US layout guest; answers what could not be typed. */
  'machine.type': {
    request: id.extend({ text: z.string().max(100_000) }),
    reply: z.object({ typed: z.number(), skipped: z.string() }),
    states: ['running'],
  },
  /** PNG of the screen, base64. */
  'machine.screenshot': { request: id, reply: z.object({ png: z.string(), width: z.number(), height: z.number() }), states: LIVE },
  /** Characters of a text-mode screen, or null in graphics. */
  'machine.screenText': { request: id, reply: z.object({ text: z.string().nullable() }), states: LIVE },
  /** Small PNG of the last screen, base64; null if there is none. */
  'machine.thumbnail': { request: id, reply: z.object({ png: z.string().nullable(), version: z.number().nullable() }) },
  /** Counters since power-on, for the monitor and `--stats`. */
  'machine.stats': { request: id, reply: z.object({ stats: z.record(z.string(), z.unknown()) }), states: LIVE },
  'machine.log': { request: id.extend({ lines: z.int().min(1).max(5000).default(200) }), reply: z.object({ lines: z.array(z.string()) }) },
  /** Whether someone looks at this machine's monitor: metrics come every second instead of every five. */
  'machine.watch': { request: id.extend({ watching: z.boolean() }), reply: nothing },
  /** Native dialog (desktop); null when the person cancels. Not available in served mode: use media.browse and media.add. */
  'media.choose': {
    request: z.object({ kinds: z.array(z.enum(['iso', 'disk', 'floppy', 'kernel', 'initrd', 'firmware', 'system-map', 'machine'])) }),
    reply: z.object({ media: mediaViewSchema.nullable() }),
  },
  'media.browse': { request: z.object({ path: z.string().max(4096).nullable() }), reply: directoryViewSchema },
  'media.add': { request: z.object({ path: z.string().min(1).max(4096) }), reply: mediaViewSchema },
  'media.list': { request: nothing, reply: z.object({ media: z.array(mediaViewSchema) }) },
  'media.forget': { request: id, reply: nothing },
  /** Prepares the one-click guest and creates its machine; progress comes as `job` events. */
  'demo.create': { request: nothing, reply: machineViewSchema },
  'job.cancel': { request: z.object({ jobId: z.string() }), reply: nothing },
  'settings.get': { request: nothing, reply: z.object({ settings: z.record(z.string(), z.unknown()) }) },
  'settings.set': { request: z.object({ patch: z.record(z.string(), z.unknown()) }), reply: nothing },
  /** Opens a bulk channel of a running machine; the transport answers with its own channel handle. */
  'channel.open': {
    request: id.extend({ kind: z.enum(['display', 'serial1', 'serial2']) }),
    reply: z.object({ channel: z.int() }),
    states: LIVE,
  },
  'channel.close': { request: z.object({ channel: z.int() }), reply: nothing },
  ...SNAPSHOT_COMMANDS,
  ...DISK_COMMANDS,
  ...TRANSFER_COMMANDS,
} as const satisfies Record<string, CommandSpec>; // prettier-ignore

export type CommandName = keyof typeof COMMANDS;
export type CommandRequest<N extends CommandName> = z.input<(typeof COMMANDS)[N]['request']>;
export type CommandReply<N extends CommandName> = z.output<(typeof COMMANDS)[N]['reply']>;
export type { MachineConfig };
