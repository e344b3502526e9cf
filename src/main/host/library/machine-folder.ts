import { stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { DriveConfig, MachineConfig } from '../../../shared/config/machine-config.js';
import { parseMachineConfig } from '../../../shared/config/migrations.js';
import { AnnexError, wireErrorSchema } from '../../../shared/contract/errors.js';
import { writeFileAtomic } from '../../node/atomic-file.js';
import { nodeFiles, type HostFiles } from '../../node/host-files.js';
import { EMPTY_TREE, parseSnapshotTree, type SnapshotTree } from '../snapshots/snapshot-tree.js';
import { DiskIntents } from './disk-intents.js';
import { MachineJournal } from './machine-journal.js';

export const MACHINE_SUFFIX = '.annex';
const CONFIG_NAME = 'machine.json';
const STATE_NAME = 'state.json';
const THUMBNAIL_NAME = 'thumbnail.png';
const TREE_NAME = 'snapshots/tree.json';

/** What the host remembers of a machine's last run; losing it loses nothing of the machine. */
const lastRunSchema = z.object({
  version: z.literal(1),
  /** `on` is what a host that was killed leaves behind. */
  power: z.enum(['off', 'on', 'crashed']),
  problem: wireErrorSchema.nullable(),
  startedAt: z.number().nullable(),
  lastUsedAt: z.number().nullable(),
});
export type LastRun = z.infer<typeof lastRunSchema>;

export const NEVER_RUN: LastRun = { version: 1, power: 'off', problem: null, startedAt: null, lastUsedAt: null };

/** The files of one machine: `NAME.annex/` with `machine.json`, disks, snapshots, `state.json`, thumbnail and log. */
export class MachineFolder {
  readonly journal: MachineJournal;
  readonly diskIntents: DiskIntents;

  constructor(
    readonly path: string,
    readonly files: HostFiles = nodeFiles,
  ) {
    this.journal = new MachineJournal(path, files);
    this.diskIntents = new DiskIntents(path, files);
  }

  get logPath(): string {
    return path.join(this.path, 'machine.log');
  }

  /** @throws AnnexError if `machine.json` is damaged, newer, invalid or unreadable */
  async readConfig(): Promise<MachineConfig> {
    return parseMachineConfig(await this.readText(CONFIG_NAME));
  }

  writeConfig(config: MachineConfig): Promise<void> {
    return this.journal.commit({ 'machine.json': document(config) });
  }

  /** @throws AnnexError `snapshots-damaged` or `snapshots-newer` */
  async readTree(): Promise<SnapshotTree> {
    const bytes = await this.files.read(this.file(TREE_NAME));
    return bytes ? parseSnapshotTree(new TextDecoder().decode(bytes)) : EMPTY_TREE;
  }

  /** Both, or neither if the process dies. */
  async writeConfigAndTree(config: MachineConfig, tree: SnapshotTree): Promise<void> {
    await this.files.makeFolder(this.file('snapshots'));
    await this.journal.commit({ 'snapshots/tree.json': document(tree), 'machine.json': document(config) });
  }

  async writeTree(tree: SnapshotTree): Promise<void> {
    await this.files.makeFolder(this.file('snapshots'));
    await this.journal.commit({ 'snapshots/tree.json': document(tree) });
  }

  async readLastRun(): Promise<LastRun> {
    try {
      return lastRunSchema.parse(JSON.parse(await this.readText(STATE_NAME)));
    } catch {
      return NEVER_RUN;
    }
  }

  async writeLastRun(state: LastRun): Promise<void> {
    await writeFileAtomic(this.file(STATE_NAME), JSON.stringify(state), { files: this.files });
  }

  async readThumbnail(): Promise<Uint8Array | undefined> {
    return this.files.read(this.file(THUMBNAIL_NAME)).catch(() => undefined);
  }

  /** Unix ms of the last thumbnail, null without one. */
  async thumbnailTime(): Promise<number | null> {
    return stat(this.file(THUMBNAIL_NAME)).then(
      (info) => Math.floor(info.mtimeMs),
      () => null,
    );
  }

  async writeThumbnail(png: Uint8Array): Promise<void> {
    await writeFileAtomic(this.file(THUMBNAIL_NAME), png, { files: this.files });
  }

  /** A name for a new disk's file in this folder that nothing has. */
  async freeDiskName(driveId: string, format: string): Promise<string> {
    const stem = driveId.replace(/[^A-Za-z0-9_-]/g, '_');
    for (let number = 1; ; number++) {
      const name = `${stem}${number === 1 ? '' : `-${number}`}.${format}`;
      if (!(await this.files.usage(this.file(name)))) return name;
    }
  }

  /** Absolute path of a path in `machine.json`. */
  resolve(configured: string): string {
    return path.resolve(this.path, configured);
  }

  /** The configuration with every path absolute. */
  withAbsolutePaths(config: MachineConfig): MachineConfig {
    const drives = config.drives.map((drive) =>
      drive.path === null ? drive : ({ ...drive, path: this.resolve(drive.path) } as DriveConfig),
    );
    const kernel = config.kernel && {
      ...config.kernel,
      path: this.resolve(config.kernel.path),
      ...(config.kernel.initrd === undefined ? {} : { initrd: this.resolve(config.kernel.initrd) }),
    };
    const { firmware } = config;
    return {
      ...config,
      drives,
      ...(kernel ? { kernel } : {}),
      firmware: firmware.kind === 'file' ? { ...firmware, path: this.resolve(firmware.path) } : firmware,
      systemMap: config.systemMap === null ? null : this.resolve(config.systemMap),
    };
  }

  /** Absolute path of a file named by its place in this folder, with `/`. */
  file(name: string): string {
    return path.join(this.path, ...name.split('/'));
  }

  private async readText(name: string): Promise<string> {
    try {
      const bytes = await this.files.read(this.file(name));
      if (bytes) return new TextDecoder().decode(bytes);
    } catch (cause) {
      throw fileError(cause, name);
    }
    throw fileError({ code: 'ENOENT' }, name);
  }
}

function document(content: object): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** A failed file operation as the contract's error. */
export function fileError(cause: unknown, name: string): AnnexError {
  if (cause instanceof AnnexError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const details = { name };
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new AnnexError('no-space', `There is no room for "${name}". Free some space and try again.`, details, {
      cause,
    });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new AnnexError('no-permission', `You may not use "${name}". Change its permissions or its folder's.`, details, { cause }); // prettier-ignore
  if (code === 'ENOENT' && name === CONFIG_NAME)
    return new AnnexError('vm-config-damaged', 'The file machine.json is missing from this folder. Restore it from a backup, or remove the folder.', details, { cause }); // prettier-ignore
  if (code === 'ENOENT')
    return new AnnexError('media-not-found', `"${name}" is not there any more. Choose another file.`, details, {
      cause,
    });
  return new AnnexError('io-error', `"${name}" could not be read or written.`, details, { cause });
}
