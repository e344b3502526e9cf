import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { MachineConfig } from '../../shared/config/machine-config.js';
import { AnnexError } from '../../shared/contract/errors.js';
import type { HostFacts } from '../../shared/contract/host-view.js';
import type { VmPlan } from '../../shared/vm-process/protocol.js';

/** Folders distributions and package managers put PC firmware in. */
const FOLDERS = [
  '/usr/share/seabios',
  '/usr/share/qemu',
  '/usr/share/OVMF',
  '/usr/share/edk2/x64',
  '/usr/share/edk2/ovmf',
  '/usr/local/share/qemu',
  '/opt/homebrew/share/qemu',
  'C:\\Program Files\\qemu\\share',
];
const SEABIOS_FILES = ['bios-256k.bin', 'bios.bin'];
const VGABIOS_FILES = ['vgabios-stdvga.bin'];
const OVMF_FILES = ['OVMF_CODE.fd', 'OVMF_CODE.4m.fd', 'OVMF_CODE_4M.fd'];

function find(names: readonly string[]): string | undefined {
  return FOLDERS.flatMap((folder) => names.map((name) => path.join(folder, name))).find((file) => existsSync(file));
}

/** Firmware that machines of this host can use. */
export async function listFirmware(): Promise<HostFacts['firmware']> {
  const [seabios, ovmf] = [find(SEABIOS_FILES), find(OVMF_FILES)];
  return [
    { kind: 'builtin', path: null, version: null },
    ...(seabios ? [{ kind: 'seabios' as const, path: seabios, version: await seabiosVersion(seabios) }] : []),
    ...(ovmf ? [{ kind: 'ovmf' as const, path: ovmf, version: null }] : []),
  ];
}

/** SeaBIOS carries its version as `rel-1.16.2-…` text. */
async function seabiosVersion(file: string): Promise<string | null> {
  const text = (await readFile(file)).toString('latin1');
  return /\brel-(\d+(?:\.\d+)+)/.exec(text)?.[1] ?? null;
}

/** Files of the firmware a machine asks for; null for the built-in one. @throws AnnexError `firmware-not-found` */
export function firmwareFiles(firmware: MachineConfig['firmware']): VmPlan['firmware'] {
  if (firmware.kind === 'builtin') return null;
  const bios = firmware.kind === 'file' ? firmware.path : find(SEABIOS_FILES);
  const vgaBios = find(VGABIOS_FILES);
  if (!bios || !existsSync(bios) || !vgaBios) throw notFound(firmware);
  return { bios, vgaBios };
}

function notFound(firmware: MachineConfig['firmware']): AnnexError {
  if (firmware.kind === 'file' && !existsSync(firmware.path))
    return new AnnexError('firmware-not-found', `The firmware file "${firmware.path}" is not there. Choose another one.`, { path: firmware.path }); // prettier-ignore
  return new AnnexError(
    'firmware-not-found',
    'SeaBIOS and its VGA BIOS are not installed on this computer. Install the package "seabios", or choose the built-in BIOS.',
  );
}
