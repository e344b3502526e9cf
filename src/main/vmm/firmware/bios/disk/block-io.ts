import { SECTOR_BYTES, type BlockDevice, type BlockStatus } from '../../../block/block-device.js';
import type { GuestMemory } from '../../../memory/guest-memory.js';
import type { AddressSpace } from '../address-space.js';
import type { Wait } from '../service-call.js';

const BUFFER_SECTORS = 128;
const BUFFER_BYTES = BUFFER_SECTORS * SECTOR_BYTES;
/** Transfers under way at once: one, and those of handlers that interrupted it. */
const MAX_BUFFERS = 4;

/**
 * Moves sectors between block devices and guest memory through bounce buffers, as coroutines that wait for the I/O
 * thread. Guest addresses are linear: they may be anywhere, in video memory too.
 */
export class BlockIo {
  private readonly buffers: number[] = [];
  private allocated = 0;

  constructor(
    private readonly guestMemory: GuestMemory,
    private readonly memory: AddressSpace,
  ) {}

  /** @param take called with each run of bytes in order */
  *read(
    device: BlockDevice,
    sector: number,
    count: number,
    take: (bytes: Uint8Array) => void,
  ): Generator<Wait, BlockStatus> {
    return yield* this.inChunks(sector, count, (offset, at, run) => transfer(device, 'read', at, run, offset), take);
  }

  *readTo(device: BlockDevice, sector: number, count: number, address: number): Generator<Wait, BlockStatus> {
    let to = address;
    return yield* this.read(device, sector, count, (bytes) => {
      this.memory.writeBytes(to, bytes);
      to += bytes.length;
    });
  }

  *writeFrom(device: BlockDevice, sector: number, count: number, address: number): Generator<Wait, BlockStatus> {
    const { guestMemory, memory } = this;
    return yield* this.inChunks(sector, count, function* (offset, at, run) {
      const from = address + (at - sector) * SECTOR_BYTES;
      guestMemory.bytes.set(memory.readBytes(from, run * SECTOR_BYTES), offset);
      return yield* transfer(device, 'write', at, run, offset);
    });
  }

  *flush(device: BlockDevice): Generator<Wait, BlockStatus> {
    let status: BlockStatus | undefined;
    device.submit({ op: 'flush', sector: 0, count: 0, segments: [], onDone: (s) => (status = s) });
    while (status === undefined) yield 'event';
    return status;
  }

  private *inChunks(
    sector: number,
    count: number,
    move: (bufferOffset: number, sector: number, count: number) => Generator<Wait, BlockStatus>,
    take?: (bytes: Uint8Array) => void,
  ): Generator<Wait, BlockStatus> {
    const offset = this.borrow();
    if (offset === undefined) return 'io-error';
    try {
      for (let done = 0; done < count;) {
        const run = Math.min(BUFFER_SECTORS, count - done);
        const status = yield* move(offset, sector + done, run);
        if (status !== 'ok') return status;
        take?.(this.guestMemory.bytes.subarray(offset, offset + run * SECTOR_BYTES));
        done += run;
      }
      return 'ok';
    } finally {
      this.buffers.push(offset);
    }
  }

  private borrow(): number | undefined {
    const free = this.buffers.pop();
    if (free !== undefined || this.allocated === MAX_BUFFERS) return free;
    this.allocated++;
    return this.guestMemory.allocate(BUFFER_BYTES);
  }
}

function* transfer(
  device: BlockDevice,
  op: 'read' | 'write',
  sector: number,
  count: number,
  offset: number,
): Generator<Wait, BlockStatus> {
  let status: BlockStatus | undefined;
  const segments = [{ offset, length: count * SECTOR_BYTES }];
  device.submit({ op, sector, count, segments, onDone: (s) => (status = s) });
  while (status === undefined) yield 'event';
  return status;
}
