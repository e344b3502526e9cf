import type { BlockServer, ServedRequest } from '../../vmm/block/block-server.js';
import {
  BLOCK_OPS,
  BLOCK_STATUSES,
  SLOT,
  completionRing,
  requestSlot,
  submissionRing,
  type BlockChannel,
} from './block-channel.js';
import { ring, timesRung, untilRung } from './doorbell.js';

/** The I/O thread's end of a {@link BlockChannel}: takes requests as they come and runs them side by side. */
export class BlockChannelServer {
  private readonly submissions;
  private readonly completions;
  private closed = false;

  constructor(
    private readonly channel: BlockChannel,
    private readonly blocks: BlockServer,
  ) {
    this.submissions = submissionRing(channel);
    this.completions = completionRing(channel);
    void this.serve();
  }

  /** Takes no more requests; those under way end as they would. */
  close(): void {
    this.closed = true;
    ring(this.channel.submitted);
  }

  private async serve(): Promise<void> {
    while (!this.closed) {
      const seen = timesRung(this.channel.submitted);
      for (let slot = this.submissions.pop(); slot >= 0; slot = this.submissions.pop()) void this.run(slot);
      await untilRung(this.channel.submitted, seen);
    }
  }

  private async run(slot: number): Promise<void> {
    const words = requestSlot(this.channel, slot);
    const status = await this.blocks.run(words[SLOT.image]!, readRequest(words));
    words[SLOT.status] = BLOCK_STATUSES.indexOf(status);
    this.completions.push(slot);
    ring(this.channel.kick);
  }
}

function readRequest(words: Int32Array): ServedRequest {
  const segments = [];
  for (let i = 0; i < words[SLOT.segmentCount]!; i++) {
    const at = SLOT.segments + 2 * i;
    segments.push({ offset: words[at]! >>> 0, length: words[at + 1]! });
  }
  return {
    op: BLOCK_OPS[words[SLOT.op]!] ?? 'flush',
    sector: (words[SLOT.sectorLow]! >>> 0) + words[SLOT.sectorHigh]! * 2 ** 32,
    count: words[SLOT.count]!,
    segments,
  };
}
