import type { MemorySegment } from '../../../memory/guest-memory.js';
import type { DisplaySource } from '../display-source.js';
import { DisplayStateReader, type DisplayRegisters } from '../display-state.js';
import { ScanKernel } from '../kernel/scan-kernel.js';
import { BLACK, type Frame, type FrameSource } from './frame.js';
import { LinearRenderer } from './linear-renderer.js';
import { Palette } from './palette.js';
import { PictureMemory } from './picture-memory.js';
import { PlanarRenderer } from './planar-renderer.js';
import type { Renderer } from './renderer.js';
import { decodeMode, UNPROGRAMMED, type ScreenMode } from './screen-mode.js';
import { screenText } from './text-screen.js';
import { TextRenderer } from './text-renderer.js';
import type { TileMap } from './tile-map.js';

/** Half periods of the cursor (16 frames at 70 Hz) and of blinking characters (32 frames), in ms. */
const CURSOR_MS = 228;
const BLINK_MS = 457;

/** Updates after which planar memory is looked at even if the guest has not written through the VGA window. */
const UNASKED_LOOK = 16;

/**
 * Makes the picture from video memory and the display-state block while the guest runs. Reads shared memory only; what
 * a guest changes in the middle of an update is seen by the next.
 */
export class ScanOut implements FrameSource {
  frame: Frame;
  changed: TileMap;
  /** What is on the screen as of the last update. */
  mode: ScreenMode = UNPROGRAMMED;
  private readonly videoSegment: MemorySegment;
  private readonly videoMemory: Uint8Array;
  private readonly reader: DisplayStateReader;
  private readonly registers: DisplayRegisters;
  private readonly picture: PictureMemory;
  private readonly palette: Palette;
  private readonly kernel: ScanKernel;
  private renderer: Renderer | undefined;
  private repaint = true;
  private sinceLook = 0;

  /** @param memory the machine's shared memory @param kernel compiled by `scripts/build-display-kernel.mjs` */
  constructor(memory: WebAssembly.Memory, kernel: WebAssembly.Module, source: DisplaySource) {
    const { buffer } = memory;
    this.videoSegment = source.videoMemory;
    this.videoMemory = new Uint8Array(buffer, source.videoMemory.offset, source.videoMemory.length);
    this.reader = new DisplayStateReader(buffer, source.stateOffset);
    this.registers = this.reader.registers;
    this.picture = new PictureMemory(buffer, source.scanOutOffset);
    this.palette = new Palette(this.picture.palette);
    this.kernel = new ScanKernel(kernel, memory);
    this.frame = this.picture.frame(this.mode.width, this.mode.height);
    this.changed = this.picture.tileMap(this.mode.width, this.mode.height);
  }

  update(nowMs: number): void {
    this.changed.clear();
    const registersChanged = this.reader.refresh();
    if (registersChanged) this.applyRegisters();
    const written = this.reader.takeWindowWrites();
    if (this.mode.kind === 'planar' && !this.planarNeedsLook(registersChanged || written)) return;
    this.renderer?.render(
      {
        frame: this.frame,
        changed: this.changed,
        cursorOn: Math.floor(nowMs / CURSOR_MS) % 2 === 0,
        blinkOn: Math.floor(nowMs / BLINK_MS) % 2 === 0,
      },
      this.repaint,
    );
    this.repaint = false;
  }

  /** Characters on the screen, `undefined` in graphics modes. */
  text(): string | undefined {
    this.reader.refresh();
    return screenText(this.videoMemory, this.registers);
  }

  /** A scan line made and compared costs more than in the other modes, so planar modes need a reason. */
  private planarNeedsLook(reason: boolean): boolean {
    this.sinceLook = reason || this.repaint ? UNASKED_LOOK : this.sinceLook + 1;
    if (this.sinceLook < UNASKED_LOOK) return false;
    this.sinceLook = 0;
    return true;
  }

  private applyRegisters(): void {
    const mode = decodeMode(this.registers);
    if (this.palette.update(this.registers)) this.repaint = true;
    const before = this.mode;
    this.mode = mode;
    if (mode.width !== before.width || mode.height !== before.height) {
      this.frame = this.picture.frame(mode.width, mode.height);
      this.changed = this.picture.tileMap(mode.width, mode.height);
      this.changed.markAll();
    }
    if (this.renderer && sameMode(mode, before)) return;
    this.renderer = this.rendererFor(mode);
    this.repaint = true;
    if (mode.kind !== 'blank') return;
    this.frame.pixels.fill(BLACK);
    this.changed.markAll();
  }

  private rendererFor(mode: ScreenMode): Renderer | undefined {
    switch (mode.kind) {
      case 'blank':
        return undefined;
      case 'text':
        return new TextRenderer(mode, this.videoMemory, this.registers, this.palette);
      case 'planar':
        return new PlanarRenderer(mode, this.videoSegment, this.registers, this.palette, this.picture, this.kernel);
      case 'linear':
        return new LinearRenderer(mode, this.videoSegment, this.picture, this.kernel);
    }
  }
}

function sameMode(a: ScreenMode, b: ScreenMode): boolean {
  const keys = Object.keys(a) as (keyof ScreenMode)[];
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
