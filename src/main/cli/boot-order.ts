import type { MachineConfig } from '../../shared/config/machine-config.js';
import { UsageError } from './usage-error.js';

const BOOT_DEVICES = ['cdrom', 'disk', 'floppy', 'network'] as const;

/** `cdrom,disk` as a boot order. @throws UsageError */
export function bootOrderOf(text: string): MachineConfig['bootOrder'] {
  return text.split(',').map((word) => {
    const device = BOOT_DEVICES.find((known) => known === word.trim());
    if (!device) throw new UsageError(`"${word}" is no boot device. Use ${BOOT_DEVICES.join(', ')}.`);
    return device;
  });
}
