import type { BlockDevice, BlockStatus } from '../../../block/block-device.js';
import type { FirmwareDrive } from '../../firmware.js';
import { diskGeometry, floppyFormat, type Geometry } from './geometry.js';

/** INT 13h status codes (AH, and BDA 40:41h / 40:74h). */
export const DISK_STATUS = {
  ok: 0x00,
  badCommand: 0x01,
  writeProtected: 0x03,
  sectorNotFound: 0x04,
  mediaChanged: 0x06,
  dataError: 0x10,
  controllerFailure: 0x20,
  noMedia: 0x31,
  timeout: 0x80,
  locked: 0xb1,
  notRemovable: 0xb2,
} as const;
export type DiskStatus = (typeof DISK_STATUS)[keyof typeof DISK_STATUS];

const FROM_BLOCK: Readonly<Record<BlockStatus, DiskStatus>> = {
  'ok': DISK_STATUS.ok,
  'io-error': DISK_STATUS.dataError,
  'no-space': DISK_STATUS.controllerFailure,
  'read-only': DISK_STATUS.writeProtected,
  'out-of-range': DISK_STATUS.sectorNotFound,
  'no-medium': DISK_STATUS.noMedia,
};

export const diskStatus = (status: BlockStatus): DiskStatus => FROM_BLOCK[status];

/** A drive as INT 13h numbers it. */
export interface BiosDrive {
  readonly kind: FirmwareDrive['kind'];
  /** Absent for a diskette or disk emulated from a CD. */
  readonly source: FirmwareDrive;
  /** The medium in it, if any. */
  readonly device: BlockDevice | undefined;
  readonly geometry: Geometry;
  /** Logical block of the extended functions: 512, or 2048 for a CD. */
  readonly blockBytes: 512 | 2048;
  /** First 512-byte sector of the drive's content on the device, and how many it has. */
  readonly firstSector: number;
  readonly sectors: number;
  readonly readonly: boolean;
}

/** A bootable CD's emulated diskette or disk (El Torito 1.0, section 2.2). */
export interface Emulation {
  readonly kind: 'floppy' | 'disk' | 'none';
  /** Index of the CD among the machine's drives. */
  readonly cdIndex: number;
  readonly mediaType: number;
  /** First 2048-byte sector of the image. */
  readonly imageBlock: number;
  readonly loadSegment: number;
  readonly loadSectors: number;
  readonly driveNumber: number;
  readonly geometry: Geometry;
}

export const FIRST_DISK = 0x80;
export const FIRST_CD = 0xe0;

/** Which physical drive answers to which number, after boot choice and CD emulation. Kept over a save of the machine. */
export interface DriveNumbering {
  /** Index among the machine's drives of the disk that is 80h; the others follow in their own order. */
  bootDisk: number | undefined;
  emulation: Emulation | undefined;
}

/** The BIOS's view of the drives. Media are looked up anew each time: they come and go. */
export class DriveTable {
  numbering: DriveNumbering = { bootDisk: undefined, emulation: undefined };

  constructor(readonly all: readonly FirmwareDrive[]) {}

  reset(): void {
    this.numbering = { bootDisk: undefined, emulation: undefined };
  }

  find(number: number): BiosDrive | undefined {
    const { emulation } = this.numbering;
    if (emulation && emulation.kind !== 'none' && number === emulation.driveNumber) return this.emulated(emulation);
    if (number < FIRST_DISK) return physical(this.ofKind('floppy')[number - (emulation?.kind === 'floppy' ? 1 : 0)]);
    if (number >= FIRST_CD) return physical(this.ofKind('cdrom')[number - FIRST_CD]);
    return physical(this.disks()[number - FIRST_DISK - (emulation?.kind === 'disk' ? 1 : 0)]);
  }

  /** Drives of a class, emulated ones included. */
  count(kind: 'floppy' | 'disk'): number {
    return this.ofKind(kind).length + (this.numbering.emulation?.kind === kind ? 1 : 0);
  }

  numberOfCd(drive: FirmwareDrive): number {
    return FIRST_CD + this.ofKind('cdrom').indexOf(drive);
  }

  private disks(): readonly FirmwareDrive[] {
    const disks = this.ofKind('disk');
    const first = this.numbering.bootDisk === undefined ? undefined : this.all[this.numbering.bootDisk];
    return first ? [first, ...disks.filter((disk) => disk !== first)] : disks;
  }

  private ofKind(kind: FirmwareDrive['kind']): readonly FirmwareDrive[] {
    return this.all.filter((drive) => drive.kind === kind);
  }

  private emulated(emulation: Emulation): BiosDrive | undefined {
    const source = this.all[emulation.cdIndex];
    if (!source) return undefined;
    const { geometry } = emulation;
    const device = mediumOf(source);
    const firstSector = emulation.imageBlock * 4;
    const wanted = geometry.cylinders * geometry.heads * geometry.sectorsPerTrack;
    const sectors = Math.max(0, Math.min(wanted, (device?.info.sectors ?? 0) - firstSector));
    return { kind: emulation.kind === 'disk' ? 'disk' : 'floppy', source, device, geometry, blockBytes: 512, firstSector, sectors, readonly: true }; // prettier-ignore
  }
}

export function mediumOf(drive: FirmwareDrive): BlockDevice | undefined {
  return drive.kind === 'disk' ? drive.device : drive.drive.medium;
}

function physical(source: FirmwareDrive | undefined): BiosDrive | undefined {
  if (!source) return undefined;
  const device = mediumOf(source);
  const sectors = device?.info.sectors ?? 0;
  const geometry = source.kind === 'floppy' ? floppyFormat(sectors) : diskGeometry(sectors);
  return {
    kind: source.kind,
    source,
    device,
    geometry,
    blockBytes: source.kind === 'cdrom' ? 2048 : 512,
    firstSector: 0,
    sectors,
    readonly: source.kind === 'cdrom' || (device?.info.readonly ?? false),
  };
}
