import { SECTOR_BYTES, type BlockDevice, type RemovableDrive } from '../../../block/block-device.js';
import { CD_BLOCK_BYTES, addressBytes, fromMsf } from './cd-address.js';
import { PROFILE, configuration, profileOf, type Profile } from './configuration.js';
import { modePages, type PageControl } from './mode-pages.js';
import { OPCODE as OP, SENSE, be16, be24, be32, bytes16, bytes32, senseData, type Sense } from './scsi.js';
import { readFullToc, readSessionInfo, readToc } from './table-of-contents.js';

const SECTORS_PER_BLOCK = CD_BLOCK_BYTES / SECTOR_BYTES;

/** What a command asks the transport to do. */
export type CommandOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  /** Send sectors of the medium, in 512-byte units. */
  | { readonly kind: 'medium'; readonly medium: BlockDevice; readonly sector: number; readonly count: number }
  /** CHECK CONDITION; the sense data is kept for REQUEST SENSE. */
  | { readonly kind: 'check'; readonly sense: Sense };

/** Media class events of GET EVENT STATUS NOTIFICATION (MMC-5, table 230). */
const MEDIA_EVENT = { none: 0, ejectRequest: 1, newMedia: 2, removal: 3 } as const;
type MediaEvent = (typeof MEDIA_EVENT)[keyof typeof MEDIA_EVENT];

const MEDIA_CLASS = 4;
const NO_EVENT_CLASS = 0x80;

export interface MmcDriveState {
  readonly version: 1;
  readonly sense: Sense;
  readonly mediumChanged: boolean;
  readonly trayOpen: boolean;
  readonly locked: boolean;
  readonly event: number;
}

const DONE: CommandOutcome = { kind: 'done' };

/** Answered whatever the medium does, and without reporting its change (MMC-5, 4.1.6.1). */
const ALWAYS_ANSWERED: ReadonlySet<number> = new Set([
  OP.inquiry,
  OP.requestSense,
  OP.getConfiguration,
  OP.getEventStatus,
]);

/**
 * The logical unit of a CD/DVD-ROM drive: MMC-5 commands on a removable medium with one data track. The transport
 * (ATAPI) moves the bytes.
 */
export class MmcDrive {
  private sense: Sense = SENSE.none;
  private mediumChanged = false;
  private trayOpen = false;
  private locked = false;
  private event: MediaEvent = MEDIA_EVENT.none;
  private lastMedium: BlockDevice | undefined;

  constructor(private readonly drive: RemovableDrive) {
    this.lastMedium = drive.medium;
    drive.onChange(() => this.mediumReplaced());
    drive.onEjectButton(() => {
      this.event = MEDIA_EVENT.ejectRequest;
    });
  }

  /** Power-on and board reset: the tray unlocks, pending conditions are gone. */
  reset(): void {
    this.sense = SENSE.none;
    this.mediumChanged = false;
    this.event = MEDIA_EVENT.none;
    this.setLocked(false);
  }

  /** @param cdb command descriptor block of 12 bytes */
  execute(cdb: Uint8Array): CommandOutcome {
    const outcome = this.dispatch(cdb);
    if (outcome.kind === 'check') this.sense = outcome.sense;
    else if (cdb[0] !== OP.requestSense) this.sense = SENSE.none;
    return outcome.kind === 'data' ? this.truncated(cdb, outcome.bytes) : outcome;
  }

  /** The medium could not be read. */
  readFailed(): Sense {
    this.sense = SENSE.unrecoveredRead;
    return this.sense;
  }

  saveState(): MmcDriveState {
    const { sense, mediumChanged, trayOpen, locked, event } = this;
    return { version: 1, sense, mediumChanged, trayOpen, locked, event };
  }

  loadState(state: MmcDriveState): void {
    this.sense = state.sense;
    this.mediumChanged = state.mediumChanged;
    this.trayOpen = state.trayOpen;
    this.event = state.event as MediaEvent;
    this.lastMedium = this.drive.medium;
    this.setLocked(state.locked);
  }

  private get blocks(): number {
    return Math.floor((this.drive.medium?.info.sectors ?? 0) / SECTORS_PER_BLOCK);
  }

  private get profile(): Profile {
    return this.drive.medium === undefined ? PROFILE.none : profileOf(this.blocks);
  }

  private mediumReplaced(): void {
    const { medium } = this.drive;
    if (medium === this.lastMedium) return;
    this.lastMedium = medium;
    this.trayOpen = medium === undefined;
    this.mediumChanged = medium !== undefined;
    this.event = medium === undefined ? MEDIA_EVENT.removal : MEDIA_EVENT.newMedia;
  }

  private setLocked(locked: boolean): void {
    this.locked = locked;
    this.drive.setLocked(locked);
  }

  private dispatch(cdb: Uint8Array): CommandOutcome {
    const opcode = cdb[0]!;
    if (this.mediumChanged && !ALWAYS_ANSWERED.has(opcode)) {
      this.mediumChanged = false;
      return check(SENSE.mediumChanged);
    }
    return this.runAlways(opcode, cdb) ?? this.runOnMedium(opcode, cdb);
  }

  /** Commands that need no medium. */
  private runAlways(opcode: number, cdb: Uint8Array): CommandOutcome | undefined {
    switch (opcode) {
      case OP.inquiry:
        return this.inquiry(cdb);
      case OP.requestSense:
        return this.requestSense();
      case OP.getConfiguration:
        return data(configuration(this.profile, cdb[1]! & 3, be16(cdb, 2)));
      case OP.getEventStatus:
        return this.getEventStatus(cdb);
      case OP.modeSense6:
        return this.modeSense(cdb, 4);
      case OP.modeSense10:
        return this.modeSense(cdb, 8);
      case OP.startStopUnit:
        return this.startStopUnit(cdb);
      case OP.preventAllowRemoval:
        this.setLocked((cdb[4]! & 1) !== 0);
        return DONE;
      case OP.mechanismStatus:
        return data([0, this.trayOpen ? 0x10 : 0, 0, 0, 0, 0, 0, 0]);
      case OP.setCdSpeed:
      case OP.stopPlayScan:
      case OP.synchronizeCache:
        return DONE;
      default:
        return undefined;
    }
  }

  private runOnMedium(opcode: number, cdb: Uint8Array): CommandOutcome {
    const run = this.mediumCommand(opcode);
    if (run === undefined) return check(SENSE.invalidOpcode);
    if (this.drive.medium === undefined)
      return check(this.trayOpen ? SENSE.noMediumTrayOpen : SENSE.noMediumTrayClosed);
    return run(this.drive.medium, cdb);
  }

  private mediumCommand(opcode: number): ((medium: BlockDevice, cdb: Uint8Array) => CommandOutcome) | undefined {
    switch (opcode) {
      case OP.testUnitReady:
      case OP.rezeroUnit:
        return () => DONE;
      case OP.readCapacity:
        return () => data([...bytes32(Math.max(0, this.blocks - 1)), ...bytes32(CD_BLOCK_BYTES)]);
      case OP.read10:
        return (medium, cdb) => this.read(medium, be32(cdb, 2), be16(cdb, 7));
      case OP.read12:
        return (medium, cdb) => this.read(medium, be32(cdb, 2), be32(cdb, 6));
      case OP.readCd:
        return (medium, cdb) => this.readCd(medium, be32(cdb, 2), be24(cdb, 6), cdb[9]!);
      case OP.readCdMsf:
        return (medium, cdb) => this.readCdMsf(medium, cdb);
      case OP.seek10:
        return (_medium, cdb) => (be32(cdb, 2) < this.blocks ? DONE : check(SENSE.blockOutOfRange));
      case OP.readToc:
        return (_medium, cdb) => this.readToc(cdb);
      case OP.readHeader:
        return (_medium, cdb) => data([1, 0, 0, 0, ...addressBytes(be32(cdb, 2), isMsf(cdb))]);
      case OP.readSubChannel:
        return (_medium, cdb) => this.readSubChannel(cdb);
      case OP.readDiscInformation:
        return () => this.readDiscInformation();
      case OP.readTrackInformation:
        return () => this.readTrackInformation();
      case OP.readDiscStructure:
        return (_medium, cdb) => this.readDiscStructure(cdb);
      default:
        return undefined;
    }
  }

  private inquiry(cdb: Uint8Array): CommandOutcome {
    if ((cdb[1]! & 1) !== 0) {
      // The only vital product data page is the list of them.
      return cdb[2] === 0 ? data([0x05, 0, 0, 1, 0]) : check(SENSE.invalidField);
    }
    const text = (value: string, length: number) => [...value.padEnd(length)].map((c) => c.charCodeAt(0));
    // CD/DVD device, removable; ATAPI (response format 2 with version in bits 7:4).
    const header = [0x05, 0x80, 0x00, 0x21, 31, 0, 0, 0];
    return data([...header, ...text('ANNEX', 8), ...text('CD/DVD-ROM', 16), ...text('1.0', 4)]);
  }

  /** Reports and clears what the last command left, or the change of the medium if nothing did. */
  private requestSense(): CommandOutcome {
    const pending = this.sense === SENSE.none && this.mediumChanged ? SENSE.mediumChanged : this.sense;
    if (pending === SENSE.mediumChanged) this.mediumChanged = false;
    this.sense = SENSE.none;
    return data(senseData(pending));
  }

  private getEventStatus(cdb: Uint8Array): CommandOutcome {
    const polled = (cdb[1]! & 1) !== 0;
    if (!polled) return check(SENSE.invalidField);
    if ((cdb[4]! & (1 << MEDIA_CLASS)) === 0) return data([0, 2, NO_EVENT_CLASS, 1 << MEDIA_CLASS]);
    const status = (this.trayOpen ? 1 : 0) | (this.drive.medium === undefined ? 0 : 2);
    const event = this.event;
    this.event = MEDIA_EVENT.none;
    return data([0, 6, MEDIA_CLASS, 1 << MEDIA_CLASS, event, status, 0, 0]);
  }

  private modeSense(cdb: Uint8Array, headerBytes: 4 | 8): CommandOutcome {
    const control = (['current', 'changeable', 'default', 'saved'] as const)[cdb[2]! >> 6]!;
    if (control === 'saved') return check(SENSE.savingNotSupported);
    const pages = modePages(cdb[2]! & 0x3f, control satisfies PageControl, this.locked);
    if (pages === undefined) return check(SENSE.invalidField);
    const mediumType = this.drive.medium === undefined ? 0x70 : 0x01;
    if (headerBytes === 4) return data([3 + pages.length, mediumType, 0, 0, ...pages]);
    return data([...bytes16(6 + pages.length), mediumType, 0, 0, 0, 0, 0, ...pages]);
  }

  private startStopUnit(cdb: Uint8Array): CommandOutcome {
    const start = (cdb[4]! & 1) !== 0;
    const loadEject = (cdb[4]! & 2) !== 0;
    if (!loadEject) return DONE;
    if (start) {
      // Closing an empty tray brings nothing in.
      this.trayOpen = false;
      return DONE;
    }
    if (this.locked) return check(SENSE.removalPrevented);
    this.drive.ejectRequested();
    this.trayOpen = true;
    return DONE;
  }

  private read(medium: BlockDevice, block: number, count: number): CommandOutcome {
    if (count > this.blocks || block > this.blocks - count) return check(SENSE.blockOutOfRange);
    if (count === 0) return DONE;
    return { kind: 'medium', medium, sector: block * SECTORS_PER_BLOCK, count: count * SECTORS_PER_BLOCK };
  }

  /** Only the user data can be had: the image holds neither headers nor error correction codes. */
  private readCd(medium: BlockDevice, block: number, count: number, fields: number): CommandOutcome {
    const userData = 0x10;
    if ((fields & 0xf8) === 0) return DONE;
    return (fields & 0xf8) === userData ? this.read(medium, block, count) : check(SENSE.invalidField);
  }

  private readCdMsf(medium: BlockDevice, cdb: Uint8Array): CommandOutcome {
    const start = fromMsf(cdb[3]!, cdb[4]!, cdb[5]!);
    const end = fromMsf(cdb[6]!, cdb[7]!, cdb[8]!);
    if (start < 0 || end < start) return check(SENSE.invalidField);
    return this.readCd(medium, start, end - start, cdb[9]!);
  }

  private readToc(cdb: Uint8Array): CommandOutcome {
    // Old hosts put the format into the control byte (SFF-8020i, 10.8.20).
    const format = cdb[2]! & 0x0f || cdb[9]! >> 6;
    const msf = isMsf(cdb);
    if (format === 1) return data(readSessionInfo(msf));
    if (format === 2) return data(readFullToc(this.blocks));
    const toc = format === 0 ? readToc(cdb[6]!, this.blocks, msf) : undefined;
    return toc === undefined ? check(SENSE.invalidField) : data(toc);
  }

  private readSubChannel(cdb: Uint8Array): CommandOutcome {
    const noAudio = 0x15;
    if ((cdb[2]! & 0x40) === 0) return data([0, noAudio, 0, 0]);
    if (cdb[3] !== 1) return check(SENSE.invalidField);
    const position = addressBytes(0, isMsf(cdb));
    return data([0, noAudio, 0, 12, 1, 0x14, 1, 1, ...position, ...position]);
  }

  private readDiscInformation(): CommandOutcome {
    // Complete disc, last session complete, not erasable; one session, one track.
    const head = [0x0e, 1, 1, 1, 1, 0x20, 0, 0, 0];
    return data([...bytes16(32), ...head, ...new Array<number>(23).fill(0)]);
  }

  private readTrackInformation(): CommandOutcome {
    const body = [1, 1, 0, 0x04, 0x01, 0, ...bytes32(0), ...bytes32(0), ...bytes32(0), ...bytes32(0)];
    return data([...bytes16(34), ...body, ...bytes32(this.blocks), ...bytes32(0), 0, 0, 0, 0]);
  }

  /** Physical format of a DVD-ROM: one layer (MMC-5, 6.22.3.2.1). */
  private readDiscStructure(cdb: Uint8Array): CommandOutcome {
    if (this.profile !== PROFILE.dvdRom || cdb[7] !== 0) return check(SENSE.invalidField);
    const firstSector = 0x03_0000;
    const layer = [0x01, 0x0f, 0x01, 0x00, ...bytes32(firstSector), ...bytes32(firstSector + this.blocks - 1)];
    const structure = [...layer, ...new Array<number>(2048 - layer.length).fill(0)];
    return data([...bytes16(structure.length + 2), 0, 0, ...structure]);
  }

  private truncated(cdb: Uint8Array, bytes: Uint8Array): CommandOutcome {
    const part = bytes.subarray(0, allocationLength(cdb));
    return part.length === 0 ? DONE : { kind: 'data', bytes: part };
  }
}

const check = (sense: Sense): CommandOutcome => ({ kind: 'check', sense });
const data = (bytes: ArrayLike<number>): CommandOutcome => ({ kind: 'data', bytes: Uint8Array.from(bytes) });
const isMsf = (cdb: Uint8Array): boolean => (cdb[1]! & 2) !== 0;

/** How much of its answer a command's sender takes (the field's place depends on the command). */
function allocationLength(cdb: Uint8Array): number {
  switch (cdb[0]) {
    case OP.requestSense:
    case OP.modeSense6:
      return cdb[4]!;
    case OP.inquiry:
      return be16(cdb, 3);
    case OP.mechanismStatus:
    case OP.readDiscStructure:
      return be16(cdb, 8);
    case OP.readCapacity:
      return 8;
    default:
      return be16(cdb, 7);
  }
}
