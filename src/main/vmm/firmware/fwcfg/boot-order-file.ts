import type { BoardMap } from '../board-map.js';
import { candidates } from '../bios/boot/boot-order.js';
import type { BootDevice, FirmwareDrive } from '../firmware.js';

/** Open Firmware paths by which SeaBIOS names drives (SeaBIOS docs/Runtime_config.md, "bootorder"). */
function devicePath(drive: FirmwareDrive, map: BoardMap): string {
  if (drive.kind === 'floppy') {
    const { device, function: fn } = map.pci.isaBridge;
    return `/pci@i0cf8/isa@${device}${fn === 0 ? '' : `,${fn}`}/fdc@03f0/floppy@${drive.unit}`;
  }
  const { device, function: fn } = map.pci.ide;
  return `/pci@i0cf8/ide@${device},${fn}/drive@${drive.slot.channel}/disk@${drive.slot.unit}`;
}

/** Content of the `bootorder` file: one path a line. */
export function bootOrderFile(
  drives: readonly FirmwareDrive[],
  order: readonly BootDevice[],
  map: BoardMap,
): Uint8Array {
  const lines = candidates(drives, order).map((drive) => devicePath(drive, map));
  return new TextEncoder().encode(`${lines.join('\n')}\0`);
}
