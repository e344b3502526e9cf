import type { AddressSpace } from '../address-space.js';
import type { ServiceCall, Wait } from '../service-call.js';
import { DISK_STATUS, diskStatus, type BiosDrive, type DiskStatus } from './drives.js';
import type { DiskContext, DiskResult } from './disk-service.js';

/** EDD 3.0 (T13 1572D): version in AH of function 41h. */
export const EDD_VERSION = 0x30;
/** Function sets: fixed disk access, drive locking and ejecting, enhanced drive support. */
const SUPPORT = { fixedDisk: 1, locking: 2, enhanced: 4 } as const;

interface AddressPacket {
  readonly count: number;
  readonly address: number;
  readonly block: number;
}

/** The disk address packet at DS:SI; `undefined` if it is malformed or beyond any disk. */
function addressPacket(call: ServiceCall): AddressPacket | undefined {
  const { memory } = call;
  const at = call.address('ds', call.si);
  const bytes = memory.read8(at);
  if (bytes < 0x10) return undefined;
  const offset = memory.read16(at + 4);
  const segment = memory.read16(at + 6);
  const flat = offset === 0xffff && segment === 0xffff && bytes >= 0x18;
  const high = memory.read32(at + 12);
  if (high >= 0x20_0000) return undefined;
  return {
    count: memory.read16(at + 2),
    address: flat ? memory.read32(at + 0x10) : segment * 16 + offset,
    block: high * 0x1_0000_0000 + memory.read32(at + 8),
  };
}

/** 42h read, 43h write, 44h verify, 47h seek. */
function* transfer(call: ServiceCall, drive: BiosDrive, { io }: DiskContext): Generator<Wait, DiskStatus> {
  const operation = call.ah;
  const packet = addressPacket(call);
  if (!packet) return DISK_STATUS.badCommand;
  if (!drive.device) return DISK_STATUS.noMedia;
  const perBlock = drive.blockBytes / 512;
  const sector = packet.block * perBlock;
  const count = operation === 0x47 ? 0 : packet.count * perBlock;
  if (sector + count > drive.sectors) return fail(call, DISK_STATUS.sectorNotFound);
  if (operation === 0x43 && drive.readonly) return fail(call, DISK_STATUS.writeProtected);
  const at = drive.firstSector + sector;
  switch (operation) {
    case 0x42:
      return outcome(call, diskStatus(yield* io.readTo(drive.device, at, count, packet.address)));
    case 0x43:
      return outcome(call, diskStatus(yield* io.writeFrom(drive.device, at, count, packet.address)));
    case 0x44:
      return outcome(call, diskStatus(yield* io.read(drive.device, at, count, () => {})));
    default:
      return DISK_STATUS.ok;
  }
}

const outcome = (call: ServiceCall, status: DiskStatus): DiskStatus =>
  status === DISK_STATUS.ok ? status : fail(call, status);

/** The packet's count becomes the blocks moved before the error. */
function fail(call: ServiceCall, status: DiskStatus): DiskStatus {
  call.memory.write16(call.address('ds', call.si) + 2, 0);
  return status;
}

/** 41h. */
function installationCheck(call: ServiceCall, drive: BiosDrive): DiskResult {
  if (call.bx !== 0x55aa || drive.kind === 'floppy') return DISK_STATUS.badCommand;
  call.bx = 0xaa55;
  call.cx = SUPPORT.fixedDisk | SUPPORT.enhanced | (drive.kind === 'cdrom' ? SUPPORT.locking : 0);
  return DISK_STATUS.ok;
}

const INFORMATION = { geometryValid: 0x02, removable: 0x04, changeLine: 0x10, lockable: 0x20 } as const;

/** 48h: as much of the result buffer at DS:SI as the caller has room for. */
function driveParameters(call: ServiceCall, drive: BiosDrive): DiskStatus {
  const { memory } = call;
  const at = call.address('ds', call.si);
  const room = memory.read16(at);
  if (room < 0x1a) return DISK_STATUS.badCommand;
  const isCd = drive.kind === 'cdrom';
  const { cylinders, heads, sectorsPerTrack } = drive.geometry;
  memory.write16(at, room >= 0x42 ? 0x42 : room >= 0x1e ? 0x1e : 0x1a);
  const { removable, changeLine, lockable, geometryValid } = INFORMATION;
  memory.write16(at + 2, isCd ? removable | changeLine | lockable : geometryValid);
  const blocks = drive.sectors / (drive.blockBytes / 512);
  const geometry = isCd ? [0xffff_ffff, 0xffff_ffff, 0xffff_ffff] : [cylinders, heads, sectorsPerTrack];
  geometry.forEach((value, i) => memory.write32(at + 4 + i * 4, value));
  memory.write32(at + 0x10, blocks >>> 0);
  memory.write32(at + 0x14, Math.floor(blocks / 0x1_0000_0000));
  memory.write16(at + 0x18, drive.blockBytes);
  if (room >= 0x1e) memory.write32(at + 0x1a, 0xffff_ffff); // no configuration parameters
  if (room >= 0x42) writeDevicePath(memory, at + 0x1e, drive);
  return DISK_STATUS.ok;
}

/** EDD 3.0 device path: PCI 0:1.1, ATA or ATAPI, channel and unit; 36 bytes with a checksum. */
function writeDevicePath(memory: AddressSpace, at: number, drive: BiosDrive): void {
  const bytes = new Uint8Array(36);
  const view = new DataView(bytes.buffer);
  const text = (offset: number, characters: string): void =>
    Array.from(characters).forEach((c, i) => (bytes[offset + i] = c.charCodeAt(0)));
  view.setUint16(0, 0xbedd, true);
  bytes[2] = 36;
  text(6, 'PCI ');
  text(10, drive.source.kind === 'cdrom' ? 'ATAPI   ' : 'ATA     ');
  const slot = 'slot' in drive.source ? drive.source.slot : { channel: 0, unit: 0 };
  bytes.set([0, 1, 1, slot.channel], 18);
  bytes[26] = slot.unit;
  bytes[35] = -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
  memory.writeBytes(at, bytes);
}

/** 45h: AL 0 locks, 1 unlocks, 2 asks. The firmware keeps no locks of its own. */
function lock(call: ServiceCall, drive: BiosDrive): DiskStatus {
  if (drive.source.kind === 'disk') return DISK_STATUS.notRemovable;
  if (call.al === 2) call.al = 0;
  else drive.source.drive.setLocked(call.al === 0);
  return DISK_STATUS.ok;
}

/** 46h. */
function eject(_call: ServiceCall, drive: BiosDrive): DiskStatus {
  if (drive.source.kind === 'disk') return DISK_STATUS.notRemovable;
  drive.source.drive.ejectRequested();
  return DISK_STATUS.ok;
}

/** INT 13h AH=41h–49h and 4Eh for a drive that exists. */
export function extendedFunction(call: ServiceCall, drive: BiosDrive, context: DiskContext): DiskResult {
  switch (call.ah) {
    case 0x41:
      return installationCheck(call, drive);
    case 0x42:
    case 0x43:
    case 0x44:
    case 0x47:
      return transfer(call, drive, context);
    case 0x45:
      return lock(call, drive);
    case 0x46:
      return eject(call, drive);
    case 0x48:
      return driveParameters(call, drive);
    case 0x49:
      return drive.device ? DISK_STATUS.ok : DISK_STATUS.noMedia;
    case 0x4e:
      return DISK_STATUS.ok; // DMA and prefetch settings are not the caller's business here
    default:
      return DISK_STATUS.badCommand;
  }
}
