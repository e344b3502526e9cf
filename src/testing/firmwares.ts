import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Firmware } from '../main/vmm/firmware/firmware.js';
import { SeaBios } from '../main/vmm/firmware/seabios.js';

const SEABIOS_FOLDER = '/usr/share/seabios';

/** Why SeaBIOS cannot be tested here, or undefined. */
export function seaBiosMissing(): string | undefined {
  return existsSync(path.join(SEABIOS_FOLDER, 'bios-256k.bin')) ? undefined : 'the package seabios is not installed';
}

function seaBios(): Firmware {
  const file = (name: string): Uint8Array => new Uint8Array(readFileSync(path.join(SEABIOS_FOLDER, name)));
  return new SeaBios({ bios: file('bios-256k.bin'), vgaBios: file('vgabios-stdvga.bin') });
}

export interface FirmwareUnderTest {
  readonly name: string;
  /** Undefined leaves the machine its built-in one. */
  readonly make: () => Firmware | undefined;
  readonly missing: string | undefined;
}

/** The firmwares that boot the same media. */
export const FIRMWARES: readonly FirmwareUnderTest[] = [
  { name: 'the built-in BIOS', make: () => undefined, missing: undefined },
  { name: 'SeaBIOS', make: seaBios, missing: seaBiosMissing() },
];
