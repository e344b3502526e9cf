import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { DriveConfig } from '../../../shared/config/machine-config.js';
import type { EngineReport } from '../../../shared/contract/machine-view.js';
import type { ProcessRights } from './process-starter.js';

/**
 * What the process of a machine with these drives must be allowed to write: some folders of its own, and each writable
 * image with the lock file beside it, whose name begins with the image's.
 * Only KVM takes native code, which Node's permission model cannot confine.
 * @param drives with absolute paths
 */
export async function machineRights(
  folders: readonly string[],
  drives: readonly DriveConfig[],
  engine: EngineReport['engine'],
): Promise<ProcessRights> {
  const images = drives.flatMap((drive) =>
    drive.path === null || drive.kind === 'cdrom' || drive.readonly ? [] : [drive.path],
  );
  const real = await Promise.all(images.map((image) => realpath(image).catch(() => image)));
  return {
    writable: [
      ...folders.map((folder) => path.join(folder, path.sep)),
      ...[...new Set([...images, ...real])].map((image) => `${image}*`),
    ],
    nativeCode: engine === 'kvm',
  };
}
