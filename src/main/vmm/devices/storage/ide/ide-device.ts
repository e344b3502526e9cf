import type { AccessSize } from '../../../bus/access.js';
import type { BlockDevice, BlockRequest, BlockStatus } from '../../../block/block-device.js';
import { SECTOR_BYTES } from '../../../block/block-device.js';
import type { GuestMemory } from '../../../memory/guest-memory.js';
import { COMMAND, ERROR, STATUS } from './ata.js';
import type { DmaDirection, DmaPort, DmaRun } from './dma-port.js';
import { TaskFile, type Signature, type TaskFileState } from './task-file.js';

/** What a drive is plugged into. */
export interface IdeCable {
  readonly dma: DmaPort;
  /** The drive's INTRQ changed; whether it reaches the host depends on device selection and nIEN. */
  interruptChanged(): void;
}

/** Sectors the drive's buffer holds: what one block request of a PIO transfer moves at most. */
export const BUFFER_SECTORS = 128;
const BUFFER_BYTES = BUFFER_SECTORS * SECTOR_BYTES;

/** Bytes one block request of a DMA transfer moves at most. */
const DMA_CHUNK_BYTES = 1 << 20;

type DataDirection = 'none' | 'to-host' | 'from-host';

export interface IdeDeviceState {
  readonly version: 1;
  readonly taskFile: TaskFileState;
  readonly interrupt: boolean;
  readonly direction: DataDirection;
  /** Position in the drive's buffer and end of the data block, in bytes. */
  readonly at: number;
  readonly end: number;
  readonly buffer: Uint8Array;
}

/**
 * What ATA and ATAPI drives have in common: the registers, the data port with its buffer, interrupts, resets, and the
 * way requests go to the medium. Commands are the subclass's. The drive is busy exactly while a block request or a DMA
 * transfer is under way; anything else is finished within the register access that asked for it.
 *
 * A reset cannot call back a block request, which may still write into guest memory; so the drive stays busy until the
 * request has ended, as a real one may for 31 seconds (ATA-6, 9.2).
 */
export abstract class IdeDevice {
  readonly taskFile = new TaskFile();
  /** Host offset of the buffer the data port reads and writes, and PIO block requests fill and send. */
  protected readonly buffer: number;
  private interruptLevel = false;
  private direction: DataDirection = 'none';
  private at = 0;
  private end = 0;
  private underWay = 0;
  /** Grows with every reset, so that what belongs to an older command is recognised. */
  private generation = 0;
  private resetting = false;

  constructor(
    protected readonly memory: GuestMemory,
    protected readonly cable: IdeCable,
    private readonly signature: Signature,
  ) {
    // The host may read four bytes where two are left of a block.
    this.buffer = memory.allocate(BUFFER_BYTES + 4);
  }

  /** Runs a command; the device is neither busy nor asking for data. */
  protected abstract run(command: number): void;
  /** The host has read or written the whole data block. */
  protected abstract blockMoved(): void;
  /** DMA may go on, if the command in progress wants any. */
  abstract dmaStarted(): void;
  /** Forgets the command in progress, and after `power` also what the guest has set. */
  protected abstract forget(cause: 'power' | 'soft'): void;
  /** Asks the medium again for what was under way when the state was saved. */
  protected abstract restart(): void;

  /** INTRQ. */
  get interrupt(): boolean {
    return this.interruptLevel;
  }

  get isBusy(): boolean {
    return (this.taskFile.status & STATUS.busy) !== 0;
  }

  /** Takes no register writes: a command is in progress. */
  get isOccupied(): boolean {
    return (this.taskFile.status & (STATUS.busy | STATUS.dataRequest)) !== 0;
  }

  execute(command: number): void {
    if (command === COMMAND.deviceReset && this.signature === 'atapi') return this.reset('soft');
    if (this.isBusy) return;
    this.generation++;
    this.endCommand();
    this.setInterrupt(false);
    this.taskFile.error = 0;
    this.taskFile.status = STATUS.ready | STATUS.seekDone;
    this.run(command);
  }

  /** EXECUTE DEVICE DIAGNOSTIC reaches both drives, whichever is selected. */
  diagnose(): void {
    if (this.isBusy) return;
    this.reset('soft');
    this.setInterrupt(true);
  }

  readStatus(): number {
    const { status } = this.taskFile;
    this.setInterrupt(false);
    return status;
  }

  /** Both drives hold busy while the host holds SRST. */
  holdReset(): void {
    this.generation++;
    this.forgetTransfer();
    this.setInterrupt(false);
    this.taskFile.status = STATUS.busy;
  }

  reset(cause: 'power' | 'soft'): void {
    this.generation++;
    this.forgetTransfer();
    this.setInterrupt(false);
    this.forget(cause);
    this.resetting = true;
    this.taskFile.status = STATUS.busy;
    this.finishReset();
  }

  readData(size: AccessSize): number {
    if (this.direction !== 'to-host') return 0;
    const { view } = this.memory;
    const from = this.buffer + this.at;
    this.at += size;
    const value =
      size === 2 ? view.getUint16(from, true) : size === 4 ? view.getUint32(from, true) : this.memory.bytes[from]!;
    if (this.at >= this.end) this.finishBlock();
    return value;
  }

  writeData(value: number, size: AccessSize): void {
    if (this.direction !== 'from-host') return;
    const to = this.buffer + this.at;
    this.at += size;
    if (size === 2) this.memory.view.setUint16(to, value, true);
    else if (size === 4) this.memory.view.setUint32(to, value, true);
    else this.memory.bytes[to] = value;
    if (this.at >= this.end) this.finishBlock();
  }

  /** Takes the bytes of a data block from the buffer at `from`; `interrupts` where the protocol tells the host. */
  protected askForBlock(direction: 'to-host' | 'from-host', from: number, bytes: number, interrupts: boolean): void {
    this.direction = direction;
    this.at = from;
    this.end = from + bytes;
    this.taskFile.status = STATUS.ready | STATUS.seekDone | STATUS.dataRequest;
    if (interrupts) this.setInterrupt(true);
  }

  /** Bytes of the buffer the current transfer has moved through the data port. */
  protected get bufferPosition(): number {
    return this.at;
  }

  protected setBusy(): void {
    this.taskFile.status = STATUS.busy;
  }

  /** Ends a command well. The last block of a PIO read ends without an interrupt. */
  protected complete(options: { readonly interrupts: boolean } = { interrupts: true }): void {
    this.endCommand();
    this.taskFile.status = STATUS.ready | STATUS.seekDone;
    if (options.interrupts) this.setInterrupt(true);
  }

  protected completeWithError(error: number): void {
    this.endCommand();
    this.taskFile.error = error;
    this.taskFile.status = STATUS.ready | STATUS.seekDone | STATUS.error;
    this.setInterrupt(true);
  }

  protected abort(): void {
    this.completeWithError(ERROR.aborted);
  }

  protected setInterrupt(asserted: boolean): void {
    if (asserted === this.interruptLevel) return;
    this.interruptLevel = asserted;
    this.cable.interruptChanged();
  }

  /** Sends a request to the medium; `done` is not called if the command was reset meanwhile. */
  protected request(
    device: BlockDevice,
    request: Omit<BlockRequest, 'onDone'>,
    done: (status: BlockStatus) => void,
  ): void {
    const { generation } = this;
    this.underWay++;
    device.submit({
      ...request,
      onDone: (status) => {
        this.underWay--;
        if (generation === this.generation) done(status);
        else this.finishReset();
      },
    });
  }

  /** Moves `count` sectors from `sector` on between the medium and the start of the buffer. */
  protected requestBuffer(
    device: BlockDevice,
    op: 'read' | 'write',
    sector: number,
    count: number,
    done: (status: BlockStatus) => void,
  ): void {
    const segments = [{ offset: this.buffer, length: count * SECTOR_BYTES }];
    this.request(device, { op, sector, count, segments }, done);
  }

  /**
   * Moves up to `count` sectors between the medium and the memory the guest's DMA table names; waits if the engine is not
   * started. `done` is told how many sectors it were.
   */
  protected requestDma(
    device: BlockDevice,
    op: 'read' | 'write',
    sector: number,
    count: number,
    unit: number,
    done: (status: BlockStatus, sectors: number) => void,
  ): void {
    if (!this.cable.dma.started || this.underWay > 0) return;
    const direction: DmaDirection = op === 'read' ? 'to-memory' : 'from-memory';
    const run = this.cable.dma.take(Math.min(count * SECTOR_BYTES, DMA_CHUNK_BYTES), unit, direction);
    if (run === 'ended') return;
    if (run === 'fault') return this.abort();
    this.submitRun(device, { op, sector }, run, direction, done);
  }

  saveState(): IdeDeviceState {
    const { taskFile, direction, at, end, interruptLevel: interrupt } = this;
    const buffer = this.isOccupied
      ? this.memory.bytes.slice(this.buffer, this.buffer + BUFFER_BYTES)
      : new Uint8Array();
    return { version: 1, taskFile: taskFile.saveState(), interrupt, direction, at, end, buffer };
  }

  loadState(state: IdeDeviceState): void {
    this.generation++;
    this.taskFile.loadState(state.taskFile);
    this.direction = state.direction;
    this.end = Math.min(state.end, BUFFER_BYTES);
    this.at = Math.min(state.at, this.end);
    this.memory.bytes.set(state.buffer.subarray(0, BUFFER_BYTES), this.buffer);
    this.setInterrupt(state.interrupt);
    if (this.isBusy) this.restart();
  }

  private submitRun(
    device: BlockDevice,
    { op, sector }: Pick<BlockRequest, 'op' | 'sector'>,
    run: DmaRun,
    direction: DmaDirection,
    done: (status: BlockStatus, sectors: number) => void,
  ): void {
    const { generation } = this;
    const count = run.bytes / SECTOR_BYTES;
    this.underWay++;
    device.submit({
      op,
      sector,
      count,
      segments: run.segments,
      onDone: (status) => {
        this.underWay--;
        this.cable.dma.settle(run, direction);
        if (generation === this.generation) done(status, count);
        else this.finishReset();
      },
    });
  }

  private endCommand(): void {
    this.forgetTransfer();
    this.forget('soft');
  }

  private forgetTransfer(): void {
    this.direction = 'none';
    this.at = 0;
    this.end = 0;
  }

  private finishBlock(): void {
    this.direction = 'none';
    this.blockMoved();
  }

  private finishReset(): void {
    if (!this.resetting || this.underWay > 0) return;
    this.resetting = false;
    this.taskFile.setSignature(this.signature);
    // An ATAPI device does not say ready until its first command (ATA-6, 9.12).
    this.taskFile.status = this.signature === 'ata' ? STATUS.ready | STATUS.seekDone : 0;
  }
}
