import { access, constants } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { MachineConfig } from '../../shared/config/machine-config.js';
import { AnnexError } from '../../shared/contract/errors.js';
import { fileError } from './library/machine-folder.js';

const MIB = 1 << 20;

/** Memory of a VM process besides its guest's RAM. */
const PROCESS_OVERHEAD_MIB = 256;

/**
 * Whether the host's memory can hold one more machine.
 * @param othersMiB guest RAM of the machines that are on
 * @throws AnnexError `memory-too-large`
 */
export function checkMemory(wantedMiB: number, othersMiB = 0, hostBytes = os.totalmem()): void {
  const hostMiB = Math.floor(hostBytes / MIB);
  const freeMiB = Math.max(0, hostMiB - othersMiB - PROCESS_OVERHEAD_MIB);
  if (wantedMiB <= freeMiB) return;
  const others = othersMiB > 0 ? `, of which running machines take ${othersMiB} MiB` : '';
  throw new AnnexError(
    'memory-too-large',
    `This computer has ${hostMiB} MiB of memory${others}. Give the machine at most ${freeMiB} MiB.`,
    { wantedMiB, hostMiB, freeMiB },
  );
}

/** That every file a machine starts from is there. @param config with absolute paths @throws AnnexError naming the file */
export async function checkFiles(config: MachineConfig): Promise<void> {
  for (const drive of config.drives) {
    if (drive.path === null) continue;
    const writes = drive.kind === 'disk' && !drive.readonly;
    await checkFile(drive.path, writes ? constants.R_OK | constants.W_OK : constants.R_OK);
  }
  if (config.kernel) await checkFile(config.kernel.path, constants.R_OK);
  if (config.kernel?.initrd !== undefined) await checkFile(config.kernel.initrd, constants.R_OK);
}

async function checkFile(file: string, mode: number): Promise<void> {
  try {
    await access(file, mode);
  } catch (cause) {
    throw fileError(cause, path.basename(file));
  }
}
