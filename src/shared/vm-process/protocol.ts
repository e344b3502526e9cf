import { z } from 'zod';
import { machineConfigSchema } from '../config/machine-config.js';
import { wireErrorSchema } from '../contract/errors.js';
import { inputEventSchema } from '../contract/input.js';
import { engineReportSchema, machineMetricsSchema } from '../contract/machine-view.js';

/**
 * What the host and a VM process say to each other over the process's own message link (child_process IPC or
 * utilityProcess). Small messages only: frames and serial bytes go through bulk channels (see bulk-channel.ts).
 * Both sides validate: a VM process runs hostile guests.
 */

export const channelKindSchema = z.enum(['display', 'serial1', 'serial2']);
export type ChannelKind = z.infer<typeof channelKindSchema>;

/** A saved state: its file, and the files of the states it builds on, nearest first. They find each other by id. */
export const stateSourceSchema = z.object({ path: z.string(), bases: z.array(z.string()) });
export type StateSource = z.infer<typeof stateSourceSchema>;

/** Everything a VM process needs to bring up one machine. Paths in `config` are absolute. */
export const vmPlanSchema = z.object({
  config: machineConfigSchema,
  /** By drive: the files below the one in use, from the top to the base. An image may build on no other. */
  backing: z.record(z.string(), z.array(z.string())).default({}),
  /** Where the process writes its log; null for none. */
  logPath: z.string().nullable(),
  /** Local socket or named pipe the process listens on for bulk channels, and the secret a caller must know. */
  bulk: z.object({ path: z.string(), secret: z.string() }),
  /** Files of the firmware the configuration names, found by the host; null for the built-in one. */
  firmware: z.object({ bios: z.string(), vgaBios: z.string() }).nullable(),
  /** The engine the host has chosen, and why. */
  engine: engineReportSchema,
  /** Names of processor features the guest is not to know of, so that it can move to an engine that lacks them. */
  withheldFeatures: z.array(z.string()).default([]),
  /** A guest's reset ends the machine instead of restarting it. */
  endOnReset: z.boolean(),
  /** Widest picture of the last screen to hand over at the end, in pixels; null leaves it as it is. */
  lastScreenWidth: z.int().positive().nullable(),
  /**
   * Goes on from a saved state instead of powering on: the machine comes up paused, and `resume` lets it run. The drives
   * in `config` hold what they held when the state was saved.
   */
  restoreFrom: stateSourceSchema.nullable(),
});
export type VmPlan = z.infer<typeof vmPlanSchema>;

/** Calls that are answered. */
export const vmCallSchema = z.discriminatedUnion('name', [
  z.object({ name: z.literal('pause') }),
  z.object({ name: z.literal('resume') }),
  z.object({ name: z.literal('reset') }),
  z.object({ name: z.literal('press-power-button') }),
  z.object({ name: z.literal('power-off') }),
  z.object({ name: z.literal('set-medium'), driveId: z.string(), path: z.string().nullable(), force: z.boolean() }),
  z.object({ name: z.literal('type'), text: z.string() }),
  /** PNG of the screen, shrunk to at most `maxWidth` pixels where given. */
  z.object({ name: z.literal('screenshot'), maxWidth: z.int().positive().optional() }),
  z.object({ name: z.literal('screen-text') }),
  z.object({ name: z.literal('stats') }),
  /**
   * Saves the machine while it runs on, to a file that does not exist yet. Each drive named goes over to an overlay that
   * the host has made. Answered when the guest runs again, on its overlays; if it fails nothing has changed. What has
   * become of the state file is told by `snapshot-saved`. `incremental`: refer to the state that this machine saved or
   * was restored from last for pages that have not changed; the answer names it.
   */
  z.object({
    name: z.literal('take-snapshot'),
    path: z.string(),
    incremental: z.boolean(),
    heads: z.record(z.string(), z.string()),
    thumbnailWidth: z.int().positive(),
  }),
  /** Gives up saving the state of the last `take-snapshot`; `snapshot-saved` then has error `cancelled`. */
  z.object({ name: z.literal('cancel-snapshot') }),
  /** Saves the machine and, once that is on disk, ends it with outcome `suspended`. If it fails the machine runs on. */
  z.object({
    name: z.literal('suspend'),
    path: z.string(),
    incremental: z.boolean(),
    thumbnailWidth: z.int().positive(),
  }),
  /**
   * Takes a layer out of what a drive's disk is made of, while the guest runs: what the layer above reads of it is copied
   * up. Answered when the file of the layer is not needed any more. Ended anywhere, it can be begun again.
   */
  z.object({ name: z.literal('merge-layer'), driveId: z.string(), layer: z.string() }),
  /**
   * Writes what a layer of a drive holds into the one below, while the guest runs. Ended anywhere, it can be begun again.
   * If the answer says `mirrored`, both are the disk and kept so until `finish-merge`, which is due once the machine's
   * documents name the layer below; else the child's file is not needed any more.
   */
  z.object({ name: z.literal('merge-down'), driveId: z.string(), layer: z.string(), child: z.string() }),
  /** The disk is the layer below from now on, alone. */
  z.object({ name: z.literal('finish-merge'), driveId: z.string() }),
  /** The `merge-layer` or `merge-down` of this drive fails with `cancelled`; the disk reads the same. */
  z.object({ name: z.literal('cancel-merge'), driveId: z.string() }),
]);
export type VmCall = z.infer<typeof vmCallSchema>;

const screenshotSchema = z.object({ png: z.string(), width: z.number(), height: z.number() });

/** A machine at the moment its state is that of a snapshot. */
export const snapshotPointSchema = z.object({
  /** State file this one will refer to, which must be kept as long; null if it stands alone. */
  base: z.string().nullable(),
  /** How long the guest stood still, in ms. */
  pauseMs: z.number(),
  thumbnail: screenshotSchema,
});
export type SnapshotPoint = z.infer<typeof snapshotPointSchema>;

/** What a saved state cost. */
export const savedStateSchema = z.object({
  /** Size of the state file in bytes. */
  fileBytes: z.number(),
  /** Guest memory in it before compression, that is zero, and that its base has, in bytes. */
  savedBytes: z.number(),
  zeroBytes: z.number(),
  baseBytes: z.number(),
  /** From the moment of the snapshot until the file was complete, in ms. */
  saveMs: z.number(),
});
export type SavedState = z.infer<typeof savedStateSchema>;

/** Answers by call name; absent: nothing. */
export const vmReplySchemas = {
  'take-snapshot': snapshotPointSchema,
  'suspend': snapshotPointSchema.extend({ saved: savedStateSchema }),
  'merge-down': z.object({ mirrored: z.boolean() }),
  'type': z.object({ typed: z.number(), skipped: z.string() }),
  'screenshot': screenshotSchema,
  'screen-text': z.object({ text: z.string().nullable() }),
  'stats': z.object({ stats: z.record(z.string(), z.unknown()) }),
} as const;
type ReplySchemas = typeof vmReplySchemas;
export type VmReply<N extends VmCall['name']> = N extends keyof ReplySchemas ? z.output<ReplySchemas[N]> : undefined;

export const toVmSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), plan: vmPlanSchema }),
  z.object({ type: z.literal('call'), id: z.int(), call: vmCallSchema }),
  z.object({ type: z.literal('input'), events: z.array(inputEventSchema) }),
  z.object({ type: z.literal('watch'), watching: z.boolean() }),
  /** Comes with a transferred MessagePort that becomes the channel (utilityProcess only). */
  z.object({ type: z.literal('channel'), kind: channelKindSchema }),
  /** Comes with a client's connection that asked, with this `Sec-WebSocket-Key`, to become the channel (fork only). */
  z.object({ type: z.literal('web-socket'), kind: channelKindSchema, key: z.string() }),
]);
export type ToVm = z.infer<typeof toVmSchema>;

/** How a machine ended, told just before its process exits by itself. */
export const vmOutcomeSchema = z.enum(['power-off', 'reset', 'halted', 'triple-fault', 'suspended', 'failed']);
export type VmOutcome = z.infer<typeof vmOutcomeSchema>;

/** What there was to see when the machine ended. */
export const lastLookSchema = z.object({
  screen: screenshotSchema,
  /** Characters of a text screen. */
  text: z.string().nullable(),
  stats: z.record(z.string(), z.unknown()),
});
export type LastLook = z.infer<typeof lastLookSchema>;

export const fromVmSchema = z.discriminatedUnion('type', [
  /** The process is up and waits for `start`. */
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('started'), engine: engineReportSchema }),
  z.object({ type: z.literal('reply'), id: z.int(), value: z.unknown() }),
  z.object({ type: z.literal('failure'), id: z.int(), error: wireErrorSchema }),
  /** Every {@link HEARTBEAT_MS}; `machineAlive` is false when the machine thread has not come round for a while. */
  z.object({ type: z.literal('heartbeat'), machineAlive: z.boolean() }),
  /** The machine paused or went on by itself (no space left), or as asked. */
  z.object({ type: z.literal('power'), state: z.enum(['running', 'paused']), problem: wireErrorSchema.nullable() }),
  z.object({
    type: z.literal('ended'),
    outcome: vmOutcomeSchema,
    error: wireErrorSchema.nullable(),
    lastLook: lastLookSchema.nullable(),
  }),
  /** The guest has switched its only processor off: nothing but a reset or power-off helps. */
  z.object({ type: z.literal('halted') }),
  z.object({ type: z.literal('metrics'), metrics: machineMetricsSchema }),
  z.object({
    type: z.literal('activity'),
    drives: z.record(z.string(), z.enum(['read', 'write'])),
    serial: z.boolean(),
  }),
  /** How far a state has been saved, in bytes of guest memory. */
  z.object({ type: z.literal('snapshot-progress'), path: z.string(), doneBytes: z.number(), totalBytes: z.number() }),
  z.object({
    type: z.literal('merge-progress'),
    driveId: z.string(),
    layer: z.string(),
    doneBytes: z.number(),
    totalBytes: z.number(),
  }),
  /** A state file is complete, or there is none and why. */
  z.object({
    type: z.literal('snapshot-saved'),
    path: z.string(),
    result: z.discriminatedUnion('ok', [
      z.object({ ok: z.literal(true), saved: savedStateSchema }),
      z.object({ ok: z.literal(false), error: wireErrorSchema }),
    ]),
  }),
  z.object({ type: z.literal('screen-size'), width: z.int(), height: z.int() }),
  /** The guest ejected a medium or locked a tray. */
  z.object({ type: z.literal('drive'), driveId: z.string(), mediumPath: z.string().nullable(), locked: z.boolean() }),
]);
export type FromVm = z.infer<typeof fromVmSchema>;

/** Milliseconds between heartbeats of a VM process. */
export const HEARTBEAT_MS = 1000;
