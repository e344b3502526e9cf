import {
  requestProblem,
  type BlockDevice,
  type BlockInfo,
  type BlockRequest,
  type BlockStatus,
  type CompletionSource,
} from '../../vmm/block/block-device.js';
import { CompletionQueue } from '../../vmm/block/completion-queue.js';
import {
  BLOCK_OPS,
  BLOCK_SLOTS,
  BLOCK_STATUSES,
  SLOT,
  completionRing,
  requestSlot,
  submissionRing,
  type BlockChannel,
} from './block-channel.js';
import { ring } from './doorbell.js';

interface QueuedRequest {
  readonly image: number;
  readonly request: BlockRequest;
}

/** The machine thread's end of a {@link BlockChannel}. */
export class BlockChannelClient implements CompletionSource {
  private readonly submissions;
  private readonly completions;
  private readonly slots: readonly Int32Array[];
  private readonly freeSlots = Array.from({ length: BLOCK_SLOTS }, (_, slot) => slot);
  private readonly underWay: (BlockRequest | undefined)[] = new Array(BLOCK_SLOTS).fill(undefined);
  private readonly overflow: QueuedRequest[] = [];
  private readonly refused = new CompletionQueue();

  constructor(private readonly channel: BlockChannel) {
    this.submissions = submissionRing(channel);
    this.completions = completionRing(channel);
    this.slots = this.freeSlots.map((slot) => requestSlot(channel, slot));
  }

  get pending(): number {
    return BLOCK_SLOTS - this.freeSlots.length + this.overflow.length + this.refused.pending;
  }

  /**
   * The image attached to the I/O thread's block server under `image`, as a device model's disk.
   * @param info what `BlockServer.info` said of it
   */
  device(image: number, info: BlockInfo): BlockDevice {
    return { info, submit: (request) => this.submit(image, info, request) };
  }

  drain(): number {
    let done = this.refused.drain();
    for (let slot = this.completions.pop(); slot >= 0; slot = this.completions.pop()) {
      this.complete(slot);
      done++;
    }
    return done;
  }

  private submit(image: number, info: BlockInfo, request: BlockRequest): void {
    const problem = requestProblem(info, request);
    if (problem !== undefined) return this.refused.post(request.onDone, problem);
    const slot = this.freeSlots.pop();
    if (slot === undefined) this.overflow.push({ image, request });
    else this.send(slot, image, request);
  }

  private send(slot: number, image: number, request: BlockRequest): void {
    const words = this.slots[slot]!;
    words[SLOT.op] = BLOCK_OPS.indexOf(request.op);
    words[SLOT.image] = image;
    words[SLOT.sectorLow] = request.sector % 2 ** 32;
    words[SLOT.sectorHigh] = Math.floor(request.sector / 2 ** 32);
    words[SLOT.count] = request.count;
    words[SLOT.segmentCount] = request.segments.length;
    let at = SLOT.segments;
    for (const { offset, length } of request.segments) {
      words[at++] = offset;
      words[at++] = length;
    }
    this.underWay[slot] = request;
    this.submissions.push(slot);
    ring(this.channel.submitted);
  }

  private complete(slot: number): void {
    const { onDone } = this.underWay[slot]!;
    const status: BlockStatus = BLOCK_STATUSES[this.slots[slot]![SLOT.status]!] ?? 'io-error';
    this.underWay[slot] = undefined;
    const next = this.overflow.shift();
    if (next === undefined) this.freeSlots.push(slot);
    else this.send(slot, next.image, next.request);
    onDone(status);
  }
}
