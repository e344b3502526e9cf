import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { DriveConfig } from '../../shared/config/machine-config.js';
import { AnnexError, type WireError } from '../../shared/contract/errors.js';
import type { DriveView, MachineView, PowerState } from '../../shared/contract/machine-view.js';
import type { LibraryMachine } from './library/library.js';
import { assertUnlocked } from './library/machine-lock.js';
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
  const info = file === null ? undefined : await stat(file).catch(() => undefined);
  return {
    id: drive.id,
    kind: drive.kind,
    mediumName: file === null ? null : path.basename(file),
    mediumPath: file,
    sizeBytes: info?.size ?? null,
    usedBytes: info ? Math.min(info.blocks * 512, info.size) : null,
    locked: live?.lockedDrives.has(drive.id) ?? false,
  };
}
