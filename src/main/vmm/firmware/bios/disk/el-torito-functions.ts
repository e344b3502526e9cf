import type { ServiceCall } from '../service-call.js';
import { DISK_STATUS, type DiskStatus, type Emulation } from './drives.js';
import type { DiskContext } from './disk-service.js';

const PACKET_BYTES = 0x13;

/** The specification packet of functions 4Ah–4Dh (El Torito 1.0, section 4.2.2). */
function writePacket(call: ServiceCall, emulation: Emulation, controllerIndex: number): void {
  const bytes = new Uint8Array(PACKET_BYTES);
  const view = new DataView(bytes.buffer);
  const { cylinders, heads, sectorsPerTrack } = emulation.geometry;
  bytes[0x00] = PACKET_BYTES;
  bytes[0x01] = emulation.mediaType;
  bytes[0x02] = emulation.driveNumber;
  bytes[0x03] = controllerIndex >> 1;
  view.setUint32(0x04, emulation.imageBlock, true);
  view.setUint16(0x08, controllerIndex & 1, true);
  view.setUint16(0x0c, emulation.loadSegment, true);
  view.setUint16(0x0e, emulation.loadSectors, true);
  if (emulation.kind !== 'none') {
    bytes[0x10] = (cylinders - 1) & 0xff;
    bytes[0x11] = sectorsPerTrack | (((cylinders - 1) >> 2) & 0xc0);
    bytes[0x12] = heads - 1;
  }
  call.memory.writeBytes(call.address('ds', call.si), bytes);
}

/** INT 13h AH=4Ah–4Dh. Only ending emulation and asking for its state make sense once a CD is booted. */
export function elToritoFunction(call: ServiceCall, { drives }: DiskContext): DiskStatus {
  const { emulation } = drives.numbering;
  if (!emulation) return DISK_STATUS.badCommand;
  if (call.ah !== 0x4b || call.al > 1) return DISK_STATUS.badCommand;
  const source = drives.all[emulation.cdIndex];
  const index = source?.kind === 'cdrom' ? source.slot.channel * 2 + source.slot.unit : 0;
  writePacket(call, emulation, index);
  if (call.al === 0) drives.numbering.emulation = { ...emulation, kind: 'none' };
  return DISK_STATUS.ok;
}
