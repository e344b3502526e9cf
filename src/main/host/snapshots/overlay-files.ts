import path from 'node:path';
import { AnnexError } from '../../../shared/contract/errors.js';
import { encodeEmptyQcow2 } from '../../../shared/disk/empty-qcow2.js';
import type { DiskSizes } from '../disks/disk-sizes.js';
import type { MachineFolder } from '../library/machine-folder.js';
import type { Layer } from './snapshot-tree.js';
import { LAYER_FOLDER, type NewOverlay } from './tree-changes.js';

/** Makes empty overlays, durable on return. @throws AnnexError `layer-missing`; what the file system says */
export async function makeOverlays(
  folder: MachineFolder,
  overlays: readonly NewOverlay[],
  sizes: DiskSizes,
): Promise<void> {
  if (overlays.length === 0) return;
  await folder.files.makeFolder(folder.file(LAYER_FOLDER));
  for (const { layer, below } of overlays) await makeOverlay(folder, layer, folder.resolve(below.path), below, sizes);
  await folder.files.syncFolder(folder.file(LAYER_FOLDER));
  await folder.files.syncFolder(folder.file('snapshots'));
}

/** @param below absolute path of the image below */
export async function makeOverlay(
  folder: MachineFolder,
  layer: Pick<Layer, 'path'>,
  below: string,
  described: Pick<Layer, 'path' | 'format'>,
  sizes: DiskSizes,
): Promise<void> {
  const size = await sizes.of(below, described.format);
  if (size === undefined) throw missingLayerError(below);
  const file = folder.resolve(layer.path);
  const backing = { name: backingName(file, below, described), format: described.format };
  await folder.files.create(file, encodeEmptyQcow2({ size, backing }));
}

export function missingLayerError(file: string): AnnexError {
  const name = path.basename(file);
  return new AnnexError('layer-missing', `"${name}", which a disk of this machine is made of, is missing or damaged. Put it back where it was.`, { name }); // prettier-ignore
}

/** How an overlay names what it builds on: relative to itself, so that the library can be moved, unless it lies elsewhere. */
export function backingName(overlay: string, below: string, described: Pick<Layer, 'path'>): string {
  const name = path.isAbsolute(described.path) ? below : path.relative(path.dirname(overlay), below);
  return name.split(path.sep).join('/');
}
