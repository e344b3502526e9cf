import { MAX_UNACKED } from '../../../../../shared/contract/frames.js';
import type { Frame } from '../scanout/frame.js';
import { TileMap } from '../scanout/tile-map.js';
import { encodeResize, encodeUpdate, updateBytes } from './encode.js';
import { UpdateBuffers } from './update-buffers.js';

const ACK_BYTES = 4;

/** One window on the screen: what it has not seen yet, and which updates it has not answered. */
export class Viewer {
  private pending = new TileMap(0, 0);
  /** Updates in flight by sequence number, with what they lie in. */
  private readonly unacked = new Map<number, ArrayBuffer>();
  private readonly buffers = new UpdateBuffers();
  private sequence = 0;
  private shown: Frame | undefined;

  /** @param send may use the bytes until the window has acknowledged them */
  constructor(private readonly send: (message: Uint8Array<ArrayBuffer>) => void) {}

  /** Room for another update. */
  get ready(): boolean {
    return this.unacked.size < MAX_UNACKED;
  }

  get waiting(): boolean {
    return this.pending.any;
  }

  /** Takes notice of a changed picture. */
  changed(frame: Frame, tiles: TileMap): void {
    if (this.shown !== frame) this.resize(frame);
    else this.pending.merge(tiles);
  }

  /** Sends what is pending, if the window keeps up. */
  flush(): void {
    if (!this.shown || !this.pending.any || !this.ready) return;
    this.sequence = (this.sequence + 1) >>> 0;
    const rects = this.pending.rects();
    const buffer = this.buffers.take(updateBytes(rects));
    this.unacked.set(this.sequence, buffer);
    this.pending.clear();
    this.send(encodeUpdate(this.shown, rects, this.sequence, buffer));
  }

  /** A message from the window; only the acknowledgement of an outstanding update means anything. */
  acknowledge(message: Uint8Array): void {
    if (message.length !== ACK_BYTES) return;
    const sequence = new DataView(message.buffer, message.byteOffset, ACK_BYTES).getUint32(0, true);
    const buffer = this.unacked.get(sequence);
    if (!buffer) return;
    this.unacked.delete(sequence);
    this.buffers.give(buffer);
  }

  private resize(frame: Frame): void {
    if (frame.width !== this.pending.width || frame.height !== this.pending.height) {
      this.send(encodeResize(frame, this.sequence));
      this.pending = new TileMap(frame.width, frame.height);
    }
    this.shown = frame;
    this.pending.markAll();
  }
}
