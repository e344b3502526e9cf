import { SECTOR_BYTES, type BlockDevice, type BlockStatus } from '../../../block/block-device.js';
import { gather } from '../../../block/vectors.js';
import type { GuestMemory } from '../../../memory/guest-memory.js';
import { COMMAND as C, ERROR, FEATURE, TRIM_FEATURE } from './ata.js';
import { SECTOR_COMMANDS, type SectorCommand } from './ata-commands.js';
import { chsToLba, defaultGeometry, lbaToChs, translatedGeometry, type DiskGeometry } from './ata-geometry.js';
import { diskIdentity, MAX_MULTIPLE, type DiskSettings } from './ata-identify.js';
import { MAX_TRIM_BLOCKS, trimRanges, type Trim } from './ata-trim.js';
import { BUFFER_SECTORS, IdeDevice, type IdeCable, type IdeDeviceState } from './ide-device.js';
import { isTransferMode } from './identify-data.js';
import { SMART, SMART_KEY, smartData, smartThresholds } from './smart.js';

const LIMIT_28_BITS = 2 ** 28 - 1;
const POWER_ACTIVE = 0xff;

/** A command on its way between host and medium. */
interface Transfer {
  readonly command: SectorCommand;
  /** The host named sectors as cylinder, head and sector. */
  readonly chs: boolean;
  /** First sector the medium has not dealt with. */
  lba: number;
  /** Sectors the medium has not dealt with. */
  left: number;
  /** Sectors in the buffer, or on their way to or from it. */
  buffered: number;
  /** Sectors a data block has (more than one with READ/WRITE MULTIPLE). */
  readonly blockSectors: number;
  /** What the medium is doing. */
  stage: 'data' | 'flush';
}

export interface AtaDiskState extends IdeDeviceState {
  readonly settings: DiskSettings;
  readonly transfer: Transfer | undefined;
  readonly flushing: boolean;
  readonly trim?: Trim | undefined;
}

/**
 * An ATA hard disk (ATA-6). Reads and writes of any transport become requests to the block device; with the write cache
 * off every write is followed by a flush before it is reported.
 */
export class AtaDisk extends IdeDevice {
  private settings: DiskSettings;
  private transfer: Transfer | undefined;
  /** FLUSH CACHE is under way. */
  private flushing = false;
  private trim: Trim | undefined;

  /** @param serial what IDENTIFY DEVICE says, up to 20 ASCII characters */
  constructor(
    memory: GuestMemory,
    cable: IdeCable,
    private readonly device: BlockDevice,
    private readonly serial: string,
  ) {
    super(memory, cable, 'ata');
    this.settings = this.defaults();
  }

  override saveState(): AtaDiskState {
    const { settings, flushing } = this;
    const trim = this.trim && { blocks: this.trim.blocks, ranges: [...this.trim.ranges] };
    return { ...super.saveState(), settings, flushing, transfer: this.transfer && { ...this.transfer }, trim };
  }

  override loadState(state: AtaDiskState): void {
    this.settings = state.settings;
    this.transfer = state.transfer && { ...state.transfer };
    this.flushing = state.flushing;
    this.trim = state.trim && { blocks: state.trim.blocks, ranges: [...state.trim.ranges] };
    super.loadState(state);
  }

  override dmaStarted(): void {
    const { transfer, trim } = this;
    if (trim !== undefined && trim.blocks > 0) return this.takeTrimRanges(trim);
    if (transfer?.command.transport === 'dma' && transfer.stage === 'data') this.moveByDma(transfer);
  }

  protected override forget(cause: 'power' | 'soft'): void {
    this.transfer = undefined;
    this.trim = undefined;
    this.flushing = false;
    if (cause === 'power') this.settings = this.defaults();
  }

  protected override restart(): void {
    if (this.flushing) return this.flushCache();
    if (this.trim !== undefined)
      return this.trim.blocks > 0 ? this.takeTrimRanges(this.trim) : this.discardNext(this.trim);
    const { transfer } = this;
    if (transfer === undefined) return this.abort();
    if (transfer.stage === 'flush') return this.makeDurable();
    if (transfer.command.transport === 'dma') {
      this.cable.dma.takeBack();
      return this.moveByDma(transfer);
    }
    if (transfer.command.op === 'write') this.storeBuffer(transfer);
    else this.fillBuffer(transfer);
  }

  protected override run(command: number): void {
    const sectorCommand = SECTOR_COMMANDS.get(command);
    if (sectorCommand !== undefined) this.startTransfer(sectorCommand);
    else if ((command & 0xf0) === C.recalibrate) this.recalibrate();
    else if ((command & 0xf0) === C.seek) this.seek();
    else this.runOther(command);
  }

  protected override blockMoved(): void {
    const { transfer } = this;
    if (transfer === undefined) return this.complete({ interrupts: false });
    if (transfer.command.op === 'write') this.blockWritten(transfer);
    else this.blockRead(transfer);
  }

  private runOther(command: number): void {
    switch (command) {
      case C.identify:
        return this.sendBlock(diskIdentity(this.device.info, this.settings, this.serial));
      case C.flushCache:
      case C.flushCacheExt:
        return this.flushCache();
      case C.setFeatures:
        return this.setFeatures();
      case C.setMultiple:
        return this.setMultiple();
      case C.initializeParameters:
        return this.initializeParameters();
      case C.readNativeMax:
      case C.readNativeMaxExt:
        return this.readNativeMax(command === C.readNativeMaxExt);
      case C.smart:
        return this.smart();
      case C.dataSetManagement:
        return this.manageDataSet();
      case C.checkPower:
      case C.checkPowerOld:
        this.taskFile.sectorCount = POWER_ACTIVE;
        return this.complete();
      case C.standby:
      case C.standbyImmediate:
      case C.idle:
      case C.idleImmediate:
      case C.sleep:
      case C.standbyOld:
      case C.standbyImmediateOld:
      case C.idleOld:
      case C.idleImmediateOld:
      case C.sleepOld:
        return this.complete();
      default:
        return this.abort();
    }
  }

  // Transfers

  private startTransfer(command: SectorCommand): void {
    const lba = this.addressedSector(command.extended);
    if (lba === undefined || (command.transport === 'multiple' && this.settings.multiple === 0)) return this.abort();
    const left = command.extended ? this.taskFile.sectorCount16 : this.taskFile.sectorCount8;
    if (lba < 0 || lba + left > this.device.info.sectors) return this.completeWithError(ERROR.idNotFound);
    if (command.op === 'write' && this.device.info.readonly) return this.abort();
    const blockSectors = command.transport === 'multiple' ? this.settings.multiple : 1;
    const chs = !this.taskFile.usesLba;
    const transfer: Transfer = { command, chs, lba, left, buffered: 0, blockSectors, stage: 'data' };
    this.transfer = transfer;
    if (command.transport === 'dma') {
      this.setBusy();
      this.moveByDma(transfer);
    } else if (command.op === 'write') this.askForWrite(transfer, false);
    else this.fillBuffer(transfer);
  }

  /** `undefined` if the command cannot take the kind of address given; negative if the address is no sector. */
  private addressedSector(extended: boolean): number | undefined {
    const { taskFile } = this;
    if (extended) return taskFile.usesLba ? taskFile.lba48 : undefined;
    if (taskFile.usesLba) return taskFile.lba28;
    const { geometry } = this.settings;
    if (taskFile.sector === 0 || taskFile.sector > geometry.sectors || taskFile.head >= geometry.heads) return -1;
    return chsToLba(geometry, taskFile.cylinder, taskFile.head, taskFile.sector);
  }

  private moveByDma(transfer: Transfer): void {
    const op = transfer.command.op === 'write' ? 'write' : 'read';
    this.requestDma(this.device, op, transfer.lba, transfer.left, SECTOR_BYTES, (status, sectors) => {
      if (status !== 'ok') return this.fail(transfer, status);
      this.advance(transfer, sectors);
      if (transfer.left > 0) this.moveByDma(transfer);
      else this.finish(transfer);
    });
  }

  private fillBuffer(transfer: Transfer): void {
    this.setBusy();
    const count = Math.min(transfer.left, BUFFER_SECTORS);
    this.requestBuffer(this.device, 'read', transfer.lba, count, (status) => {
      if (status !== 'ok') return this.fail(transfer, status);
      this.advance(transfer, count);
      transfer.buffered = count;
      if (transfer.command.op === 'read') this.offerRead(transfer, 0);
      else if (transfer.left > 0) this.fillBuffer(transfer);
      else this.finish(transfer);
    });
  }

  private offerRead(transfer: Transfer, from: number): void {
    const rest = transfer.buffered * SECTOR_BYTES - from;
    this.askForBlock('to-host', from, Math.min(transfer.blockSectors * SECTOR_BYTES, rest), true);
  }

  private blockRead(transfer: Transfer): void {
    const position = this.bufferPosition;
    if (position < transfer.buffered * SECTOR_BYTES) this.offerRead(transfer, position);
    else if (transfer.left > 0) this.fillBuffer(transfer);
    else this.complete({ interrupts: false });
  }

  private askForWrite(transfer: Transfer, interrupts: boolean): void {
    const sectors = Math.min(transfer.blockSectors, transfer.left - transfer.buffered);
    this.askForBlock('from-host', transfer.buffered * SECTOR_BYTES, sectors * SECTOR_BYTES, interrupts);
  }

  private blockWritten(transfer: Transfer): void {
    transfer.buffered = Math.floor(this.bufferPosition / SECTOR_BYTES);
    const full = transfer.buffered + transfer.blockSectors > BUFFER_SECTORS;
    if (full || transfer.buffered >= transfer.left) this.storeBuffer(transfer);
    else this.askForWrite(transfer, true);
  }

  private storeBuffer(transfer: Transfer): void {
    this.setBusy();
    const count = transfer.buffered;
    this.requestBuffer(this.device, 'write', transfer.lba, count, (status) => {
      if (status !== 'ok') return this.fail(transfer, status);
      this.advance(transfer, count);
      transfer.buffered = 0;
      if (transfer.left > 0) this.askForWrite(transfer, true);
      else this.finish(transfer);
    });
  }

  private advance(transfer: Transfer, sectors: number): void {
    transfer.lba += sectors;
    transfer.left -= sectors;
    this.reportSector(transfer, transfer.left > 0 ? transfer.lba : transfer.lba - 1);
    this.taskFile.sectorCount = transfer.left;
  }

  private finish({ command }: Transfer): void {
    if (command.op === 'write' && (command.durable || !this.settings.writeCache)) return this.makeDurable();
    this.complete();
  }

  private makeDurable(): void {
    this.setBusy();
    if (this.transfer !== undefined) this.transfer.stage = 'flush';
    this.requestFlush();
  }

  private fail(transfer: Transfer, status: BlockStatus): void {
    this.reportSector(transfer, transfer.lba);
    this.taskFile.sectorCount = transfer.left;
    if (status === 'out-of-range') this.completeWithError(ERROR.idNotFound);
    else if (transfer.command.op === 'write') this.abort();
    else this.completeWithError(ERROR.uncorrectable);
  }

  /** Leaves in the registers the sector the command got to. */
  private reportSector({ command, chs }: Transfer, lba: number): void {
    if (command.extended) return this.taskFile.setLba48(lba);
    if (!chs) return this.taskFile.setLba28(lba);
    const { cylinder, head, sector } = lbaToChs(this.settings.geometry, lba);
    this.taskFile.setChs(cylinder, head, sector);
  }

  // Commands without sectors

  private sendBlock(bytes: Uint8Array): void {
    this.memory.bytes.set(bytes, this.buffer);
    this.askForBlock('to-host', 0, bytes.length, true);
  }

  private flushCache(): void {
    this.setBusy();
    this.flushing = true;
    this.requestFlush();
  }

  private requestFlush(): void {
    this.request(this.device, { op: 'flush', sector: 0, count: 0, segments: [] }, (status) => {
      this.flushing = false;
      if (status === 'ok') this.complete();
      else this.abort();
    });
  }

  /** DATA SET MANAGEMENT: the host says by DMA which sectors it does not need any more (ACS-2, 7.10). */
  private manageDataSet(): void {
    const blocks = this.taskFile.sectorCount16;
    const { readonly } = this.device.info;
    if (this.taskFile.features !== TRIM_FEATURE || blocks > MAX_TRIM_BLOCKS || readonly) return this.abort();
    this.trim = { blocks, ranges: [] };
    this.setBusy();
    this.takeTrimRanges(this.trim);
  }

  private takeTrimRanges(trim: Trim): void {
    if (!this.cable.dma.started) return;
    const wanted = trim.blocks * SECTOR_BYTES;
    const run = this.cable.dma.take(wanted, wanted, 'from-memory');
    if (run === 'ended') return;
    if (run === 'fault') return this.abort();
    const bytes = gather(run.segments.map(({ offset, length }) => this.memory.bytes.subarray(offset, offset + length)));
    this.cable.dma.settle(run, 'from-memory');
    const ranges = trimRanges(bytes);
    const { sectors } = this.device.info;
    if (ranges.some(({ sector, count }) => sector + count > sectors)) return this.completeWithError(ERROR.idNotFound);
    trim.blocks = 0;
    trim.ranges.push(...ranges.reverse());
    this.discardNext(trim);
  }

  private discardNext(trim: Trim): void {
    const next = trim.ranges.at(-1);
    if (next === undefined) return this.complete();
    this.request(this.device, { op: 'discard', ...next, segments: [] }, (status) => {
      if (status !== 'ok') return this.abort();
      trim.ranges.pop();
      this.discardNext(trim);
    });
  }

  private recalibrate(): void {
    this.taskFile.cylinder = 0;
    this.complete();
  }

  private seek(): void {
    const lba = this.addressedSector(false) ?? -1;
    if (lba < 0 || lba >= this.device.info.sectors) this.completeWithError(ERROR.idNotFound);
    else this.complete();
  }

  private setFeatures(): void {
    switch (this.taskFile.features) {
      case FEATURE.enableWriteCache:
        this.settings = { ...this.settings, writeCache: true };
        return this.complete();
      case FEATURE.disableWriteCache:
        this.settings = { ...this.settings, writeCache: false };
        return this.flushCache();
      case FEATURE.setTransferMode:
        return this.setTransferMode(this.taskFile.sectorCount);
      case FEATURE.enableReadAhead:
      case FEATURE.disableReadAhead:
      case FEATURE.enableRevertToDefaults:
      case FEATURE.disableRevertToDefaults:
        return this.complete();
      default:
        return this.abort();
    }
  }

  private setTransferMode(mode: number): void {
    if (!isTransferMode(mode)) return this.abort();
    this.settings = { ...this.settings, transferMode: mode };
    this.complete();
  }

  private setMultiple(): void {
    const multiple = this.taskFile.sectorCount;
    if (multiple > MAX_MULTIPLE || (multiple & (multiple - 1)) !== 0) return this.abort();
    this.settings = { ...this.settings, multiple };
    this.complete();
  }

  private initializeParameters(): void {
    const sectors = this.taskFile.sectorCount;
    const heads = this.taskFile.head + 1;
    if (sectors === 0) return this.abort();
    const geometry = translatedGeometry(this.device.info.sectors, heads, sectors);
    this.settings = { ...this.settings, geometry };
    this.complete();
  }

  private readNativeMax(extended: boolean): void {
    if (!this.taskFile.usesLba) return this.abort();
    const last = this.device.info.sectors - 1;
    if (extended) this.taskFile.setLba48(last);
    else this.taskFile.setLba28(Math.min(last, LIMIT_28_BITS));
    this.complete();
  }

  private smart(): void {
    const { features } = this.taskFile;
    if (this.taskFile.cylinder !== SMART_KEY || (!this.settings.smart && features !== SMART.enable))
      return this.abort();
    switch (features) {
      case SMART.readData:
        return this.sendBlock(smartData());
      case SMART.readThresholds:
        return this.sendBlock(smartThresholds());
      case SMART.enable:
      case SMART.disable:
        this.settings = { ...this.settings, smart: features === SMART.enable };
        return this.complete();
      case SMART.attributeAutosave:
      // The cylinder registers keep the key: no threshold exceeded.
      case SMART.returnStatus:
        return this.complete();
      default:
        return this.abort();
    }
  }

  private defaults(): DiskSettings {
    const geometry: DiskGeometry = defaultGeometry(this.device.info.sectors);
    return { geometry, multiple: MAX_MULTIPLE, transferMode: 0x22, writeCache: true, smart: true };
  }
}
