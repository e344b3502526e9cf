import { BDA } from '../data-area.js';
import type { ServiceCall, Wait } from '../service-call.js';
import type { BlockIo } from './block-io.js';
import { DISK_STATUS, FIRST_DISK, diskStatus, type BiosDrive, type DiskStatus, type DriveTable } from './drives.js';
import { sectorOf } from './geometry.js';
import { EDD_VERSION, extendedFunction } from './extended-functions.js';
import { elToritoFunction } from './el-torito-functions.js';

/** What a function answers: a status, perhaps after waiting. */
export type DiskResult = DiskStatus | Generator<Wait, DiskStatus>;

export interface DiskContext {
  readonly drives: DriveTable;
  readonly io: BlockIo;
  /** Far address of the diskette parameter table. */
  readonly disketteParameters: { readonly segment: number; readonly offset: number };
}

type DiskFunction = (call: ServiceCall, drive: BiosDrive, context: DiskContext) => DiskResult;

/** Transfers by cylinder, head and sector: AL sectors at CX/DH, to or from ES:BX. */
function* transferChs(call: ServiceCall, drive: BiosDrive, { io }: DiskContext): Generator<Wait, DiskStatus> {
  const operation = call.ah;
  const count = call.al;
  const sector = sectorOf(drive.geometry, call.cx, call.dh);
  if (count === 0 || count > 128) return DISK_STATUS.badCommand;
  if (!drive.device) return DISK_STATUS.timeout;
  if (sector === undefined || sector + count > drive.sectors) return DISK_STATUS.sectorNotFound;
  if (operation === 0x03 && drive.readonly) return DISK_STATUS.writeProtected;
  const at = drive.firstSector + sector;
  const address = call.address('es', call.bx);
  const status = diskStatus(
    operation === 0x02
      ? yield* io.readTo(drive.device, at, count, address)
      : operation === 0x03
        ? yield* io.writeFrom(drive.device, at, count, address)
        : yield* io.read(drive.device, at, count, () => {}),
  );
  if (status === DISK_STATUS.ok) call.al = count;
  return status;
}

/** AH=08h. */
function driveParameters(call: ServiceCall, drive: BiosDrive, context: DiskContext): DiskStatus {
  const { cylinders, heads, sectorsPerTrack } = drive.geometry;
  const lastCylinder = cylinders - 1;
  call.ax = 0;
  call.bl = drive.kind === 'floppy' ? floppyType(drive) : 0;
  call.ch = lastCylinder & 0xff;
  call.cl = sectorsPerTrack | ((lastCylinder >> 2) & 0xc0);
  call.dh = heads - 1;
  call.dl = context.drives.count(drive.kind === 'floppy' ? 'floppy' : 'disk');
  if (drive.kind === 'floppy') {
    call.setSegment('es', context.disketteParameters.segment);
    call.di = context.disketteParameters.offset;
  }
  return DISK_STATUS.ok;
}

const floppyType = (drive: BiosDrive): number =>
  'driveType' in drive.geometry && typeof drive.geometry.driveType === 'number' ? drive.geometry.driveType : 4;

/** AH=15h: AH is the drive's kind instead of a status; a disk's sectors in CX:DX. */
function driveType(call: ServiceCall, drive: BiosDrive): void {
  if (drive.kind === 'floppy') {
    call.ah = 2; // diskette with change line
  } else {
    const { cylinders, heads, sectorsPerTrack } = drive.geometry;
    const sectors = Math.max(cylinders - 1, 0) * heads * sectorsPerTrack;
    call.ah = 3;
    call.cx = sectors >>> 16;
    call.dx = sectors & 0xffff;
  }
  call.carry = false;
}

const accept: DiskFunction = () => DISK_STATUS.ok;
const needsMedium: DiskFunction = (_call, drive) => (drive.device ? DISK_STATUS.ok : DISK_STATUS.timeout);

/** AH=05h: a diskette in an image is always formatted. */
function formatTrack(_call: ServiceCall, drive: BiosDrive): DiskStatus {
  if (drive.kind !== 'floppy') return DISK_STATUS.badCommand;
  if (!drive.device) return DISK_STATUS.timeout;
  return drive.readonly ? DISK_STATUS.writeProtected : DISK_STATUS.ok;
}

const FUNCTIONS: Readonly<Record<number, DiskFunction>> = {
  0x00: accept,
  0x02: transferChs,
  0x03: transferChs,
  0x04: transferChs,
  0x05: formatTrack,
  0x08: driveParameters,
  0x09: accept,
  0x0c: accept,
  0x0d: accept,
  0x10: needsMedium,
  0x11: accept,
  0x14: accept,
  0x16: needsMedium,
  0x17: accept,
  0x18: (call, drive, context) => {
    if (drive.kind !== 'floppy') return DISK_STATUS.badCommand;
    call.setSegment('es', context.disketteParameters.segment);
    call.di = context.disketteParameters.offset;
    return DISK_STATUS.ok;
  },
};

/** INT 13h: CHS functions here, the extended ones (EDD 3.0) and El Torito's beside. */
export class DiskService {
  constructor(private readonly context: DiskContext) {}

  handle(call: ServiceCall): void | Generator<Wait, void> {
    const { ah: functionNumber, dl: number } = call;
    if (functionNumber === 0x01) return this.lastStatus(call);
    if (functionNumber >= 0x4a && functionNumber <= 0x4d) {
      return this.finish(call, number, elToritoFunction(call, this.context));
    }
    const drive = this.context.drives.find(number);
    if (!drive) return this.noDrive(call);
    if (functionNumber === 0x15) return driveType(call, drive);
    const function_ = FUNCTIONS[functionNumber];
    const result = function_ ? function_(call, drive, this.context) : extendedFunction(call, drive, this.context);
    if (typeof result === 'number') {
      this.finish(call, number, result);
      if (functionNumber === 0x41 && result === DISK_STATUS.ok) call.ah = EDD_VERSION;
      return;
    }
    return this.finishLater(call, number, result);
  }

  private *finishLater(call: ServiceCall, number: number, work: Generator<Wait, DiskStatus>): Generator<Wait, void> {
    const transfersChs = call.ah < 0x40;
    const status = yield* work;
    if (transfersChs && status !== DISK_STATUS.ok) call.al = 0;
    this.finish(call, number, status);
  }

  private finish(call: ServiceCall, number: number, status: DiskStatus): void {
    call.memory.write8(statusAddress(number), status);
    call.ah = status;
    call.carry = status !== DISK_STATUS.ok;
  }

  /** A number without a drive: AH=15h says "absent" by AH=0, AH=08h names how many there are. */
  private noDrive(call: ServiceCall): void {
    const { ah: functionNumber, dl: number } = call;
    if (functionNumber === 0x08) {
      call.bx = 0;
      call.cx = 0;
      call.dx = this.context.drives.count(number < FIRST_DISK ? 'floppy' : 'disk');
    }
    if (functionNumber === 0x15) {
      call.ax = 0;
      call.carry = false;
    } else {
      this.finish(call, number, functionNumber === 0 ? DISK_STATUS.ok : DISK_STATUS.badCommand);
    }
  }

  private lastStatus(call: ServiceCall): void {
    const status = call.memory.read8(statusAddress(call.dl));
    call.ah = status;
    call.carry = status !== 0;
  }
}

const statusAddress = (number: number): number => (number < FIRST_DISK ? BDA.floppyStatus : BDA.diskStatus);
