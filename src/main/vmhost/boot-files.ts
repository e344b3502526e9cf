import { readFile } from 'node:fs/promises';
import type { MachineConfig } from '../../shared/config/machine-config.js';
import type { VmPlan } from '../../shared/vm-process/protocol.js';
import type { FirmwareChoice } from './machine/thread-messages.js';
import { errorOfFile } from './vm-errors.js';

/** Reads what a machine starts from: its kernel, or firmware files. @throws AnnexError naming the file */
export async function readBootFiles({ config, firmware }: VmPlan): Promise<FirmwareChoice> {
  if (firmware) return { kind: 'seabios', bios: await read(firmware.bios), vgaBios: await read(firmware.vgaBios) };
  return { kind: 'builtin', kernel: config.kernel && (await readKernel(config.kernel)) };
}

async function readKernel(kernel: NonNullable<MachineConfig['kernel']>) {
  return {
    kernel: await read(kernel.path),
    initrd: kernel.initrd === undefined ? undefined : await read(kernel.initrd),
    commandLine: kernel.commandLine,
  };
}

async function read(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw errorOfFile(error, file);
  }
}
