import type { BlockDevice } from '../../../block/block-device.js';
import type { FirmwareDrive } from '../../firmware.js';
import type { AddressSpace } from '../address-space.js';
import { EBDA_BASE } from '../data-area.js';
import type { BlockIo } from '../disk/block-io.js';
import { FIRST_DISK, mediumOf, type DriveTable } from '../disk/drives.js';
import type { Wait } from '../service-call.js';
import { BOOT_RECORD_BLOCK, bootCatalogBlock, emulationOf, initialEntry, type BootEntry } from './el-torito.js';

const BOOT_SECTOR = 0x7c00;
const SIGNATURE_OFFSET = 510;

/** Code in memory, ready to be jumped to, or a sentence about why there is none. */
export type BootAttempt =
  | { readonly ok: true; readonly segment: number; readonly offset: number; readonly driveNumber: number }
  | { readonly ok: false; readonly reason: string };

const failed = (reason: string): BootAttempt => ({ ok: false, reason });

/** Loads what a drive starts with. Numbering of the drives follows what was booted. */
export class BootLoader {
  constructor(
    private readonly drives: DriveTable,
    private readonly io: BlockIo,
    private readonly memory: AddressSpace,
  ) {}

  *load(drive: FirmwareDrive): Generator<Wait, BootAttempt> {
    const device = mediumOf(drive);
    if (!device || device.info.sectors === 0) {
      return failed(drive.kind === 'disk' ? 'the disk is empty (0 bytes)' : 'no medium in the drive');
    }
    this.drives.reset();
    switch (drive.kind) {
      case 'cdrom':
        return yield* this.loadCd(drive, device);
      case 'disk':
        return yield* this.loadDisk(drive, device);
      case 'floppy':
        return yield* this.loadFloppy(device, drive.unit);
    }
  }

  private *loadDisk(drive: FirmwareDrive, device: BlockDevice): Generator<Wait, BootAttempt> {
    const sector = yield* this.readSectors(device, 0, 1);
    if (!sector) return failed('the boot sector could not be read');
    if (!hasSignature(sector)) return failed('not bootable: no 55AAh signature in the boot sector');
    this.drives.numbering.bootDisk = this.drives.all.indexOf(drive);
    return this.start(sector, FIRST_DISK);
  }

  private *loadFloppy(device: BlockDevice, unit: number): Generator<Wait, BootAttempt> {
    const sector = yield* this.readSectors(device, 0, 1);
    if (!sector) return failed('the boot sector could not be read');
    // Diskettes of the first PCs have no signature; a formatted but empty one repeats one byte.
    if (!hasSignature(sector) && sector.every((byte) => byte === sector[0]))
      return failed('not bootable: empty boot sector');
    return this.start(sector, unit);
  }

  private *loadCd(drive: FirmwareDrive, device: BlockDevice): Generator<Wait, BootAttempt> {
    const record = yield* this.readSectors(device, BOOT_RECORD_BLOCK * 4, 4);
    if (!record) return failed('the medium is too short or could not be read');
    const catalogBlock = bootCatalogBlock(record);
    if (catalogBlock === undefined) return failed('not bootable: no El Torito boot record');
    const catalog = yield* this.readSectors(device, catalogBlock * 4, 4);
    if (!catalog) return failed('the boot catalogue could not be read');
    const entry = initialEntry(catalog);
    if (!entry) return failed('not bootable: the boot catalogue has no entry for a PC BIOS');
    return yield* this.loadEntry(drive, device, entry);
  }

  private *loadEntry(drive: FirmwareDrive, device: BlockDevice, entry: BootEntry): Generator<Wait, BootAttempt> {
    const count = Math.max(entry.sectors, 1);
    const address = entry.loadSegment << 4;
    if (address + count * 512 > EBDA_BASE) return failed('the boot image does not fit in conventional memory');
    const first = yield* this.readSectors(device, entry.block * 4, 1);
    if (!first) return failed('the boot image could not be read');
    const emulation = emulationOf(entry, this.drives.all.indexOf(drive), this.drives.numberOfCd(drive), first);
    if (!emulation) return failed('the boot catalogue names an unknown kind of medium');
    const available = Math.min(count, device.info.sectors - entry.block * 4);
    if ((yield* this.io.readTo(device, entry.block * 4, available, address)) !== 'ok') {
      return failed('the boot image could not be read');
    }
    this.drives.numbering.emulation = emulation;
    return {
      ok: true,
      segment: entry.loadSegment & 0xf000,
      offset: (entry.loadSegment & 0x0fff) << 4,
      driveNumber: emulation.driveNumber,
    };
  }

  private start(sector: Uint8Array, driveNumber: number): BootAttempt {
    this.memory.writeBytes(BOOT_SECTOR, sector);
    return { ok: true, segment: 0, offset: BOOT_SECTOR, driveNumber };
  }

  private *readSectors(device: BlockDevice, sector: number, count: number): Generator<Wait, Uint8Array | undefined> {
    if (sector + count > device.info.sectors) return undefined;
    let result: Uint8Array | undefined;
    const status = yield* this.io.read(device, sector, count, (bytes) => (result = bytes.slice()));
    return status === 'ok' ? result : undefined;
  }
}

const hasSignature = (sector: Uint8Array): boolean =>
  sector[SIGNATURE_OFFSET] === 0x55 && sector[SIGNATURE_OFFSET + 1] === 0xaa;
