import { SECTOR_BYTES, type BlockDevice, type BlockStatus, type RemovableDrive } from '../../../block/block-device.js';
import type { GuestMemory } from '../../../memory/guest-memory.js';
import { CD_BLOCK_BYTES } from '../mmc/cd-address.js';
import { MmcDrive, type CommandOutcome, type MmcDriveState } from '../mmc/mmc-drive.js';
import type { Sense } from '../mmc/scsi.js';
import { COMMAND as C, ERROR, FEATURE } from './ata.js';
import { BUFFER_SECTORS, IdeDevice, type IdeCable, type IdeDeviceState } from './ide-device.js';
import { isTransferMode } from './identify-data.js';
import { cdRomIdentity } from './packet-identify.js';

const PACKET_BYTES = 12;
const FEATURE_DMA = 0x01;
const FEATURE_OVERLAP = 0x02;

/** Interrupt reason: the sector count register of a packet device (ATA-6, 8.23). */
const REASON = { command: 0x01, dataToHost: 0x02, status: 0x03 } as const;

const MAX_BYTE_COUNT = 0xfffe;
const DEFAULT_MODE = 0x22;

/** A packet command on its way. */
interface PacketTransfer {
  readonly dma: boolean;
  /** Most bytes of a data block. */
  readonly byteCountLimit: number;
  /** `packet`: the host writes the command; `data`: bytes go to the host. */
  stage: 'packet' | 'data';
  /** Next sector to read from the medium and how many are left, in 512-byte units. */
  sector: number;
  left: number;
  /** Bytes in the buffer that are for the host. */
  buffered: number;
}

export interface AtapiCdRomState extends IdeDeviceState {
  readonly drive: MmcDriveState;
  readonly transferMode: number;
  readonly transfer: PacketTransfer | undefined;
}

/** An ATAPI CD/DVD-ROM drive: the packet protocol around an {@link MmcDrive}. */
export class AtapiCdRom extends IdeDevice {
  private readonly logicalUnit: MmcDrive;
  private transferMode = DEFAULT_MODE;
  private transfer: PacketTransfer | undefined;
  /** The medium the command in progress reads from; it may be ejected meanwhile. */
  private medium: BlockDevice | undefined;

  /** @param serial what IDENTIFY PACKET DEVICE says, up to 20 ASCII characters */
  constructor(
    memory: GuestMemory,
    cable: IdeCable,
    private readonly drive: RemovableDrive,
    private readonly serial: string,
  ) {
    super(memory, cable, 'atapi');
    this.logicalUnit = new MmcDrive(drive);
  }

  override saveState(): AtapiCdRomState {
    const { logicalUnit, transferMode, transfer } = this;
    return {
      ...super.saveState(),
      drive: logicalUnit.saveState(),
      transferMode,
      transfer: transfer && { ...transfer },
    };
  }

  override loadState(state: AtapiCdRomState): void {
    this.logicalUnit.loadState(state.drive);
    this.transferMode = state.transferMode;
    this.transfer = state.transfer && { ...state.transfer };
    this.medium = this.drive.medium;
    super.loadState(state);
  }

  override dmaStarted(): void {
    const { transfer } = this;
    if (transfer?.dma && transfer.stage === 'data') this.moveByDma(transfer);
  }

  protected override forget(cause: 'power' | 'soft'): void {
    this.transfer = undefined;
    this.medium = undefined;
    if (cause !== 'power') return;
    this.transferMode = DEFAULT_MODE;
    this.logicalUnit.reset();
  }

  protected override restart(): void {
    const { transfer } = this;
    if (transfer === undefined) return this.abort();
    if (!transfer.dma) return this.fillBuffer(transfer);
    this.cable.dma.takeBack();
    this.moveByDma(transfer);
  }

  protected override run(command: number): void {
    switch (command) {
      case C.packet:
        return this.startPacket();
      case C.identifyPacket:
        return this.sendIdentity();
      case C.setFeatures:
        return this.setFeatures();
      case C.checkPower:
        this.taskFile.sectorCount = 0xff;
        return this.complete();
      case C.idleImmediate:
      case C.standbyImmediate:
      case C.idle:
      case C.standby:
      case C.sleep:
      case C.flushCache:
        return this.complete();
      case C.identify:
      case C.readSectors:
        // Tells a host that took it for a disk what it is (ATA-6, 8.15.5.2).
        this.taskFile.setSignature('atapi');
        return this.abort();
      default:
        return this.abort();
    }
  }

  protected override blockMoved(): void {
    const { transfer } = this;
    if (transfer === undefined) return this.complete({ interrupts: false });
    if (transfer.stage === 'packet') return this.runPacket(transfer);
    const position = this.bufferPosition;
    if (position < transfer.buffered) this.offerData(transfer, position);
    else if (transfer.left > 0) this.fillBuffer(transfer);
    else this.finish();
  }

  private startPacket(): void {
    if ((this.taskFile.features & FEATURE_OVERLAP) !== 0) return this.abort();
    const dma = (this.taskFile.features & FEATURE_DMA) !== 0;
    const byteCountLimit = blockLimit(this.taskFile.cylinder);
    this.transfer = { dma, byteCountLimit, stage: 'packet', sector: 0, left: 0, buffered: 0 };
    this.taskFile.sectorCount = REASON.command;
    this.askForBlock('from-host', 0, PACKET_BYTES, false);
  }

  private runPacket(transfer: PacketTransfer): void {
    const cdb = this.memory.bytes.slice(this.buffer, this.buffer + PACKET_BYTES);
    this.begin(transfer, this.logicalUnit.execute(cdb));
  }

  private begin(transfer: PacketTransfer, outcome: CommandOutcome): void {
    transfer.stage = 'data';
    switch (outcome.kind) {
      case 'done':
        return this.finish();
      case 'check':
        return this.check(outcome.sense);
      case 'data':
        this.memory.bytes.set(outcome.bytes, this.buffer);
        transfer.buffered = outcome.bytes.length;
        break;
      case 'medium':
        this.medium = outcome.medium;
        transfer.sector = outcome.sector;
        transfer.left = outcome.count;
    }
    if (transfer.dma) this.moveByDma(transfer);
    else if (transfer.left > 0) this.fillBuffer(transfer);
    else this.offerData(transfer, 0);
  }

  private fillBuffer(transfer: PacketTransfer): void {
    this.setBusy();
    const count = Math.min(transfer.left, BUFFER_SECTORS);
    if (this.medium === undefined) return this.check(this.logicalUnit.readFailed());
    this.requestBuffer(this.medium, 'read', transfer.sector, count, (status) => {
      if (!this.mediumDone(status, transfer, count)) return;
      transfer.buffered = count * SECTOR_BYTES;
      this.offerData(transfer, 0);
    });
  }

  private offerData(transfer: PacketTransfer, from: number): void {
    const bytes = Math.min(transfer.byteCountLimit, transfer.buffered - from);
    this.taskFile.sectorCount = REASON.dataToHost;
    this.taskFile.cylinder = bytes;
    this.askForBlock('to-host', from, bytes, true);
  }

  private moveByDma(transfer: PacketTransfer): void {
    this.setBusy();
    if (transfer.buffered > 0) return this.sendBufferByDma(transfer);
    if (this.medium === undefined) return this.check(this.logicalUnit.readFailed());
    this.requestDma(this.medium, 'read', transfer.sector, transfer.left, SECTOR_BYTES, (status, count) => {
      if (!this.mediumDone(status, transfer, count)) return;
      if (transfer.left > 0) this.moveByDma(transfer);
      else this.finish();
    });
  }

  /** Answers that come from the drive itself are small: they go at once. */
  private sendBufferByDma(transfer: PacketTransfer): void {
    const { dma } = this.cable;
    if (!dma.started) return;
    for (let sent = 0; sent < transfer.buffered;) {
      const run = dma.take(transfer.buffered - sent, 1, 'to-memory');
      if (run === 'ended') return;
      if (run === 'fault') return this.abort();
      for (const { offset, length } of run.segments) {
        this.memory.bytes.copyWithin(offset, this.buffer + sent, this.buffer + sent + length);
        sent += length;
      }
      dma.settle(run, 'to-memory');
    }
    this.finish();
  }

  /** Takes note of a request that ended; ends the command if it ended badly. */
  private mediumDone(status: BlockStatus, transfer: PacketTransfer, count: number): boolean {
    transfer.sector += count;
    transfer.left -= count;
    if (status !== 'ok') this.check(this.logicalUnit.readFailed());
    return status === 'ok';
  }

  private finish(): void {
    this.taskFile.sectorCount = REASON.status;
    this.complete();
  }

  /** Sense key in bits 7:4 of the error register. */
  private check(sense: Sense): void {
    this.taskFile.sectorCount = REASON.status;
    this.completeWithError((sense.key << 4) | ERROR.aborted);
  }

  private sendIdentity(): void {
    const bytes = cdRomIdentity(this.transferMode, this.serial);
    this.memory.bytes.set(bytes, this.buffer);
    this.askForBlock('to-host', 0, bytes.length, true);
  }

  private setFeatures(): void {
    if (this.taskFile.features !== FEATURE.setTransferMode) return this.complete();
    if (!isTransferMode(this.taskFile.sectorCount)) return this.abort();
    this.transferMode = this.taskFile.sectorCount;
    this.complete();
  }
}

/** Bytes of a data block: even, whole CD blocks where more than one fits (ATA-6, 8.23.5.4). */
function blockLimit(byteCount: number): number {
  const limit = byteCount === 0 ? MAX_BYTE_COUNT : Math.min(byteCount, MAX_BYTE_COUNT);
  if (limit >= CD_BLOCK_BYTES) return limit - (limit % CD_BLOCK_BYTES);
  return Math.max(2, limit & ~1);
}
