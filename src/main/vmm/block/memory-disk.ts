import { SECTOR_BYTES, requestProblem, type BlockDevice, type BlockInfo, type BlockRequest } from './block-device.js';
import type { CompletionQueue } from './completion-queue.js';

/**
 * A disk whose content is a byte array: throw-away disks and tests. Bytes move at once; the completion waits in the
 * queue until the machine loop drains it, as with any other disk.
 */
export class MemoryDisk implements BlockDevice {
  readonly info: BlockInfo;

  /**
   * @param memory the machine's memory, which segments point into
   * @param content the disk; a last partial sector is not part of it
   */
  constructor(
    private readonly memory: Uint8Array,
    readonly content: Uint8Array,
    private readonly completions: CompletionQueue,
    options: { readonly readonly?: boolean } = {},
  ) {
    this.info = { sectors: Math.floor(content.length / SECTOR_BYTES), readonly: options.readonly ?? false };
  }

  submit(request: BlockRequest): void {
    const problem = requestProblem(this.info, request);
    if (problem === undefined) this.run(request);
    this.completions.post(request.onDone, problem ?? 'ok');
  }

  private run({ op, sector, count, segments }: BlockRequest): void {
    let at = sector * SECTOR_BYTES;
    if (op === 'discard') this.content.fill(0, at, at + count * SECTOR_BYTES);
    for (const { offset, length } of segments) {
      if (op === 'read') this.memory.set(this.content.subarray(at, at + length), offset);
      else this.content.set(this.memory.subarray(offset, offset + length), at);
      at += length;
    }
  }
}
