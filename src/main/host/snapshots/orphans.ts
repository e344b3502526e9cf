import path from 'node:path';
import { ATOMIC_LEFTOVER } from '../../node/atomic-file.js';
import { IMAGE_DRAFT } from '../../node/image-draft.js';
import { LOCK_DRAFT } from '../../node/lock-draft.js';
import { identifyProcess, isAlive } from '../../node/process-identity.js';
import type { MachineConfig } from '../../../shared/config/machine-config.js';
import type { MachineFolder } from '../library/machine-folder.js';
import type { SnapshotTree } from './snapshot-tree.js';
import { LAYER_FOLDER } from './tree-changes.js';

export const STATE_FOLDER = 'snapshots/states';

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const SNAPSHOT_FOLDER = new RegExp(`^${UUID}$`);
const LAYER_FILE = new RegExp(`^(${UUID})\\.qcow2(.*)$`);
const STATE_FILE = new RegExp(`^(${UUID}\\.state)(.*)$`);

/**
 * Removes what interrupted work has left in a machine's folder: only files in places of ours, named as we name them, that
 * neither tree nor settings know. Nobody may be at work on the machine.
 * @param keepsStates whether saved states may still be in use by a process that was started from one
 */
export async function collectOrphans(
  folder: MachineFolder,
  config: MachineConfig,
  tree: SnapshotTree,
  keepsStates: boolean,
): Promise<void> {
  const { files } = folder;
  const remove = (name: string): Promise<void> => files.remove(folder.file(name));
  const snapshots = new Set(tree.snapshots.map(({ id }) => id));
  for (const name of await files.list(folder.file('snapshots')))
    if (SNAPSHOT_FOLDER.test(name) && !snapshots.has(name)) await remove(`snapshots/${name}`);
  const layers = new Set(tree.layers.map(({ id }) => id));
  const paths = new Set(config.drives.map(({ path }) => path));
  for (const name of await files.list(folder.file(LAYER_FOLDER))) {
    const id = LAYER_FILE.exec(name)?.[1];
    if (id !== undefined && !layers.has(id) && !paths.has(`${LAYER_FOLDER}/${id}.qcow2`))
      await remove(`${LAYER_FOLDER}/${name}`);
  }
  const states = new Set(tree.states.map(({ name }) => name));
  for (const name of keepsStates ? [] : await files.list(folder.file(STATE_FOLDER))) {
    const [, state, suffix] = STATE_FILE.exec(name) ?? [];
    if (state !== undefined && (!states.has(state) || suffix !== '')) await remove(`${STATE_FOLDER}/${name}`);
  }
  await collectTemporaries(folder);
}

/** The process that is or was writing a document, image or lock under this temporary name; undefined for any other name. */
function writerOf(name: string): number | undefined {
  const found = [ATOMIC_LEFTOVER, IMAGE_DRAFT, LOCK_DRAFT].map((pattern) => pattern.exec(name)?.[1]);
  return Number(found.find((pid) => pid !== undefined)) || undefined;
}

/** Whether a document or image beside the settings is being written, or was when its process died. */
export async function hasTemporaries({ files, path: root }: MachineFolder): Promise<boolean> {
  return (await files.list(root)).some((name) => writerOf(name) !== undefined);
}

/** Half-written documents, images and locks of processes that are gone. */
async function collectTemporaries({ files, path: root }: MachineFolder): Promise<void> {
  for (const at of [root, path.join(root, 'snapshots'), path.join(root, LAYER_FOLDER)]) {
    for (const name of await files.list(at)) {
      const pid = writerOf(name);
      if (pid !== undefined && pid !== process.pid && !isAlive(identifyProcess(pid)))
        await files.remove(path.join(at, name));
    }
  }
}
