import { MAX_UNACKED } from '../../../../../shared/contract/frames.js';
import type { Frame } from '../scanout/frame.js';
import { TileMap } from '../scanout/tile-map.js';
import { encodeResize, encodeUpdate } from './encode.js';

const ACK_BYTES = 4;

/** One window on the screen: what it has not seen yet, and which updates it has not answered. */
export class Viewer {
  private pending = new TileMap(0, 0);
  private readonly unacked: number[] = [];
  private sequence = 0;
  private shown: Frame | undefined;

  /** @param send takes ownership of the bytes */
  constructor(private readonly send: (message: Uint8Array<ArrayBuffer>) => void) {}

  /** Room for another update. */
  get ready(): boolean {
    return this.unacked.length < MAX_UNACKED;
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
    this.unacked.push(this.sequence);
    const rects = this.pending.rects();
    this.pending.clear();
    this.send(encodeUpdate(this.shown, rects, this.sequence));
  }

  /** A message from the window; only the acknowledgement of an outstanding update means anything. */
  acknowledge(message: Uint8Array): void {
    if (message.length !== ACK_BYTES) return;
    const sequence = new DataView(message.buffer, message.byteOffset, ACK_BYTES).getUint32(0, true);
    const index = this.unacked.indexOf(sequence);
    if (index >= 0) this.unacked.splice(index, 1);
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
