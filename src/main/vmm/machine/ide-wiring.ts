import type { IrqLine } from '../bus/irq-line.js';
import type { PortBus } from '../bus/port-bus.js';
import { AtaDisk } from '../devices/storage/ide/ata-disk.js';
import { AtapiCdRom } from '../devices/storage/ide/atapi-cdrom.js';
import { IdeChannel, type IdeDriveFactory } from '../devices/storage/ide/ide-channel.js';
import type { FirmwareDrive } from '../firmware/firmware.js';
import type { GuestMemory } from '../memory/guest-memory.js';

/** Ports and interrupt of the two channels in compatibility mode (PCI IDE Controller Specification 1.0). */
const CHANNELS = [
  { command: 0x1f0, control: 0x3f6, irq: 14 },
  { command: 0x170, control: 0x376, irq: 15 },
] as const;
const COMMAND_PORTS = 8;

/** Makes the two IDE cables with the drives on them, at their ports and interrupts. */
export function ideChannels(
  memory: GuestMemory,
  ports: PortBus,
  isaLine: (irq: number) => IrqLine,
  drives: readonly FirmwareDrive[],
): readonly [IdeChannel, IdeChannel] {
  const channel = (index: 0 | 1): IdeChannel => {
    const { command, control, irq } = CHANNELS[index];
    const drive = (unit: 0 | 1) => driveFactory(drives, index, unit);
    const made = new IdeChannel(memory, isaLine(irq), [drive(0), drive(1)]);
    ports.map(command, COMMAND_PORTS, made.commandBlock);
    ports.map(control, 1, made.controlBlock);
    return made;
  };
  return [channel(0), channel(1)];
}

function driveFactory(drives: readonly FirmwareDrive[], channel: 0 | 1, unit: 0 | 1): IdeDriveFactory | undefined {
  const drive = drives.find((d) => d.kind !== 'floppy' && d.slot.channel === channel && d.slot.unit === unit);
  const serial = `ANNEX-${channel}${unit}`;
  switch (drive?.kind) {
    case 'disk':
      return (memory, cable) => new AtaDisk(memory, cable, drive.device, serial);
    case 'cdrom':
      return (memory, cable) => new AtapiCdRom(memory, cable, drive.drive, serial);
    default:
      return undefined;
  }
}
