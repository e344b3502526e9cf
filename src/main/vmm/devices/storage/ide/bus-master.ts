import type { AccessSize } from '../../../bus/access.js';
import type { GuestMemory, MemorySegment } from '../../../memory/guest-memory.js';
import { MAX_SEGMENTS } from '../../../block/block-device.js';
import type { DmaDirection, DmaPort, DmaRun, DmaStop, GuestRange } from './dma-port.js';

/** Bus Master IDE registers of one channel, by offset (Programming Interface for Bus Master IDE Controller, rev 1.0). */
const COMMAND = 0;
const STATUS = 2;
const TABLE = 4;

const COMMAND_START = 0x01;
const COMMAND_TO_MEMORY = 0x08;

const STATUS_ACTIVE = 0x01;
const STATUS_ERROR = 0x02;
const STATUS_INTERRUPT = 0x04;
/** "Drive is DMA capable", set by firmware and drivers for each other; plain storage. */
const STATUS_CAPABLE = 0x60;

const PRD_BYTES = 8;
const PRD_END_OF_TABLE = 0x8000_0000;
const PRD_MAX_BYTES = 0x1_0000;

export interface BusMasterState {
  readonly version: 1;
  readonly command: number;
  readonly status: number;
  readonly table: number;
  readonly next: number;
  readonly endOfTable: boolean;
  readonly waiting: readonly GuestRange[];
  readonly taken: readonly GuestRange[];
}

/**
 * The bus-master half of one IDE channel: walks the table of physical region descriptors the guest wrote and hands its
 * memory to the drive. A table may be as long as it likes: only as much of it is read as the drive has data.
 */
export class BusMaster implements DmaPort {
  private command = 0;
  private status = 0;
  private table = 0;
  /** Address of the next descriptor. */
  private next = 0;
  private endOfTable = false;
  /** Memory already read from the table and not yet taken. */
  private waiting: GuestRange[] = [];
  /** The last run, until it is settled. */
  private taken: readonly GuestRange[] = [];

  /** @param onStart tells the drive that data may move */
  constructor(
    private readonly memory: GuestMemory,
    private readonly onStart: () => void,
  ) {}

  get started(): boolean {
    return (this.status & STATUS_ACTIVE) !== 0;
  }

  reset(): void {
    this.command = 0;
    this.status = 0;
    this.table = 0;
    this.rewind();
  }

  /** INTRQ of the channel was asserted. */
  interrupt(): void {
    this.status |= STATUS_INTERRUPT;
  }

  read(offset: number, size: AccessSize): number {
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.readByte(offset + i) << (8 * i);
    return value >>> 0;
  }

  write(offset: number, value: number, size: AccessSize): void {
    for (let i = 0; i < size; i++) this.writeByte(offset + i, (value >>> (8 * i)) & 0xff);
  }

  take(maxBytes: number, unit: number, direction: DmaDirection): DmaRun | DmaStop {
    const ranges: GuestRange[] = [];
    const segments: MemorySegment[] = [];
    let bytes = 0;
    while (bytes < maxBytes && segments.length < MAX_SEGMENTS) {
      const range = this.nextRange(maxBytes - bytes);
      if (range === undefined) break;
      const found = this.memory.segments(range.address, range.length, direction === 'to-memory' ? 'write' : 'read');
      if (found === undefined || segments.length + found.length > MAX_SEGMENTS) {
        this.waiting.unshift(range);
        if (found === undefined) return this.fail();
        break;
      }
      for (const segment of found) append(segments, segment);
      ranges.push(range);
      bytes += range.length;
    }
    const excess = bytes % unit;
    if (bytes - excess === 0) return this.runOut(ranges);
    this.putBack(ranges, segments, excess);
    this.taken = ranges;
    return { ranges, segments, bytes: bytes - excess };
  }

  settle(run: DmaRun, direction: DmaDirection): void {
    if (direction === 'to-memory') for (const range of run.ranges) this.memory.written(range.address, range.length);
    if (run.ranges !== this.taken) return;
    this.taken = [];
    if (this.endOfTable && this.waiting.length === 0) this.status &= ~STATUS_ACTIVE;
  }

  takeBack(): void {
    this.waiting.unshift(...this.taken);
    this.taken = [];
  }

  saveState(): BusMasterState {
    const { command, status, table, next, endOfTable, waiting, taken } = this;
    return { version: 1, command, status, table, next, endOfTable, waiting: [...waiting], taken };
  }

  loadState(state: BusMasterState): void {
    this.command = state.command;
    this.status = state.status;
    this.table = state.table;
    this.next = state.next;
    this.endOfTable = state.endOfTable;
    this.waiting = [...state.waiting];
    this.taken = state.taken;
  }

  private readByte(offset: number): number {
    if (offset === COMMAND) return this.command;
    if (offset === STATUS) return this.status;
    return offset >= TABLE ? (this.table >>> (8 * (offset - TABLE))) & 0xff : 0;
  }

  private writeByte(offset: number, value: number): void {
    if (offset === COMMAND) this.writeCommand(value);
    else if (offset === STATUS) this.writeStatus(value);
    else if (offset >= TABLE && offset < TABLE + 4) {
      const shift = 8 * (offset - TABLE);
      this.table = ((this.table & ~(0xff << shift)) | (value << shift)) & ~3;
    }
  }

  private writeCommand(value: number): void {
    const wasStarted = (this.command & COMMAND_START) !== 0;
    this.command = value & (COMMAND_START | COMMAND_TO_MEMORY);
    const starts = (value & COMMAND_START) !== 0;
    if (starts === wasStarted) return;
    this.rewind();
    if (starts) {
      this.status |= STATUS_ACTIVE;
      this.onStart();
    } else this.status &= ~STATUS_ACTIVE;
  }

  /** Error and interrupt are cleared by writing ones. */
  private writeStatus(value: number): void {
    const kept = this.status & ~(value & (STATUS_ERROR | STATUS_INTERRUPT)) & ~STATUS_CAPABLE;
    this.status = kept | (value & STATUS_CAPABLE);
  }

  private rewind(): void {
    this.next = this.table >>> 0;
    this.endOfTable = false;
    this.waiting = [];
    this.taken = [];
  }

  /** The next memory of the table, at most `maxBytes`. */
  private nextRange(maxBytes: number): GuestRange | undefined {
    const range = this.waiting.shift() ?? this.readDescriptor();
    if (range === undefined || range.length <= maxBytes) return range;
    this.waiting.unshift({ address: range.address + maxBytes, length: range.length - maxBytes });
    return { address: range.address, length: maxBytes };
  }

  private readDescriptor(): GuestRange | undefined {
    if (this.endOfTable) return undefined;
    const address = (this.memory.read32(this.next) & ~1) >>> 0;
    const control = this.memory.read32(this.next + 4);
    this.next = (this.next + PRD_BYTES) >>> 0;
    this.endOfTable = (control & PRD_END_OF_TABLE) !== 0;
    return { address, length: control & (PRD_MAX_BYTES - 2) || PRD_MAX_BYTES };
  }

  /** Moves the last `excess` bytes of the run back to what waits. */
  private putBack(ranges: GuestRange[], segments: MemorySegment[], excess: number): void {
    for (let left = excess; left > 0;) {
      const { address, length } = ranges.pop()!;
      const cut = Math.min(left, length);
      if (cut < length) ranges.push({ address, length: length - cut });
      this.waiting.unshift({ address: address + length - cut, length: cut });
      left -= cut;
    }
    for (let left = excess; left > 0;) {
      const { offset, length } = segments.pop()!;
      const cut = Math.min(left, length);
      if (cut < length) segments.push({ offset, length: length - cut });
      left -= cut;
    }
  }

  /** The table ends before the drive's data does: the engine goes idle and the drive waits for a reset. */
  private runOut(ranges: GuestRange[]): DmaStop {
    this.waiting.unshift(...ranges);
    this.status &= ~STATUS_ACTIVE;
    return 'ended';
  }

  /** The table names what is not memory: the transfer ends as by a master abort on the bus. */
  private fail(): DmaStop {
    this.status = (this.status | STATUS_ERROR) & ~STATUS_ACTIVE;
    return 'fault';
  }
}

/** Adds a segment, joined to the last one where they touch. */
function append(segments: MemorySegment[], segment: MemorySegment): void {
  const last = segments.at(-1);
  if (last !== undefined && last.offset + last.length === segment.offset) {
    segments[segments.length - 1] = { offset: last.offset, length: last.length + segment.length };
  } else segments.push(segment);
}
