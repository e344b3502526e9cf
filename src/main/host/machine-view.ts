import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { DriveConfig } from '../../shared/config/machine-config.js';
import { AnnexError, type WireError } from '../../shared/contract/errors.js';
import type { DriveView, MachineView, PowerState } from '../../shared/contract/machine-view.js';
import type { LibraryMachine } from './library/library.js';
import { assertUnlocked } from './library/machine-lock.js';
import { readImageStart } from './snapshots/image-start.js';
import { chainOf, headOf, type WritableDisk } from './snapshots/layers.js';
import type { RunningMachine } from './supervisor/running-machine.js';

/** What is known of a machine that is on, besides its configuration. */
export interface LiveState {
  readonly run: RunningMachine;
  /** Trays the guest holds locked, by drive id. */
  readonly lockedDrives: ReadonlySet<string>;
  readonly disposable: boolean;
}

/** A machine as clients see it. */
export async function viewMachine(
  machine: LibraryMachine,
  live: LiveState | undefined,
  thumbnailVersion: number | null,
): Promise<MachineView> {
  const { config, folder, lastRun, tree } = machine;
  const drives = await Promise.all(config.drives.map((drive) => viewDrive(drive, machine, live)));
  const { state, problem } = live ? live.run : await stateAtRest(machine);
  return {
    config,
    path: folder.path,
    state,
    problem,
    engine: live?.run.engine ?? null,
    startedAt: live?.run.startedAt ?? lastRun.startedAt,
    lastUsedAt: lastRun.lastUsedAt,
    drives,
    diskBytes: drives.reduce((sum, drive) => sum + (drive.kind === 'disk' ? (drive.usedBytes ?? 0) : 0), 0),
    disposable: live?.disposable ?? false,
    snapshots: { count: tree.snapshots.filter(({ complete }) => complete).length, currentId: tree.current },
    thumbnailVersion,
  };
}

/** A machine this host does not run: off, crashed, left behind by a killed host, or run by somebody else. */
async function stateAtRest({
  lastRun,
  folder,
  tree,
}: LibraryMachine): Promise<{ state: PowerState; problem: WireError | null }> {
  try {
    await assertUnlocked(folder.path);
  } catch (error) {
    if (error instanceof AnnexError) return { state: 'stopped', problem: error.toWire() };
    throw error;
  }
  if (tree.suspended?.complete) return { state: 'suspended', problem: null };
  if (lastRun.power === 'off') return { state: 'stopped', problem: lastRun.problem };
  return { state: 'crashed', problem: lastRun.problem ?? abandonedError().toWire() };
}

function abandonedError(): AnnexError {
  return new AnnexError(
    'vm-process-died',
    'Annex ended while this machine was on. Its disks are as the guest last wrote them; start it again.',
  );
}

async function viewDrive(drive: DriveConfig, machine: LibraryMachine, live: LiveState | undefined): Promise<DriveView> {
  const file = drive.path === null ? null : machine.folder.resolve(drive.path);
  const content = file === null ? undefined : drive.kind === 'disk' ? await viewDisk(drive, machine) : await viewMedium(file);
  return {
    id: drive.id,
    kind: drive.kind,
    mediumName: null,
    mediumPath: file,
    sizeBytes: null,
    usedBytes: null,
    ...content,
    locked: live?.lockedDrives.has(drive.id) ?? false,
  };
} // prettier-ignore

type Content = Pick<DriveView, 'mediumName' | 'sizeBytes' | 'usedBytes'>;

async function viewMedium(file: string): Promise<Content> {
  const info = await stat(file).catch(() => undefined);
  const usedBytes = info ? Math.min(info.blocks * 512, info.size) : null;
  return { mediumName: path.basename(file), sizeBytes: info?.size ?? null, usedBytes };
}

/** A disk goes by the name of its lowest file, and takes what all its layers take. */
async function viewDisk(drive: WritableDisk, { tree, folder }: LibraryMachine): Promise<Content> {
  const head = headOf(tree, drive);
  const files = head ? chainOf(tree, head.id).map((layer) => folder.resolve(layer.path)) : [folder.resolve(drive.path)];
  const [own, ...below] = await Promise.all(files.map((file) => folder.files.usage(file).catch(() => undefined)));
  const mediumName = path.basename(files.at(-1)!);
  if (!own) return { mediumName, sizeBytes: null, usedBytes: null };
  const start = await readImageStart(folder.files, files[0]!, drive.format).catch(() => undefined);
  const usedBytes = below.reduce((sum, usage) => sum + (usage?.usedBytes ?? 0), own.usedBytes);
  return { mediumName, sizeBytes: start?.virtualBytes ?? own.sizeBytes, usedBytes };
}
