import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { DriveConfig } from '../../../shared/config/machine-config.js';
import type { EngineReport } from '../../../shared/contract/machine-view.js';
import type { ProcessRights } from './process-starter.js';

/**
 * What the process of a machine with these drives must be allowed to write: some folders of its own, and each writable
 * image with the lock file beside it, whose name begins with the image's. So is what a person brought: what a snapshot
 * held of a disk is written into it when the snapshot is deleted.
 * Only KVM takes native code, which Node's permission model cannot confine.
 * @param drives with absolute paths @param brought images below the layers of those drives
 */
export async function machineRights(
  folders: readonly string[],
  drives: readonly DriveConfig[],
  engine: EngineReport['engine'],
  brought: readonly string[] = [],
): Promise<ProcessRights> {
  const written = drives.flatMap((drive) =>
    drive.path === null || drive.kind === 'cdrom' || drive.readonly ? [] : [drive.path],
  );
  const images = [...written, ...brought];
  const real = await Promise.all(images.map((image) => realpath(image).catch(() => image)));
  return {
    writable: [
      ...folders.map((folder) => path.join(folder, path.sep)),
      ...[...new Set([...images, ...real])].map((image) => `${image}*`),
    ],
    nativeCode: engine === 'kvm',
  };
}
