import type { BootDevice, FirmwareDrive } from '../../firmware.js';

/** The drives to try, in order: those of each class named, in the board's order. A class named twice counts once. */
export function candidates(drives: readonly FirmwareDrive[], order: readonly BootDevice[]): readonly FirmwareDrive[] {
  return [...new Set(order)].flatMap((kind) => drives.filter((drive) => drive.kind === kind));
}
