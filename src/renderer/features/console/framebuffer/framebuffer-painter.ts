import type { FrameRect } from './frame-message.js';

/** Paints the guest's screen on a canvas whose bitmap has exactly the guest's pixels; CSS scales it. */
export class FramebufferPainter {
  private readonly context: CanvasRenderingContext2D;

  /** @throws Error if the browser gives no 2D context */
  constructor(private readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new Error('this browser offers no 2D canvas');
    this.context = context;
  }

  /** Makes the screen this large and black. */
  resize(width: number, height: number): void {
    this.canvas.width = width;
    this.canvas.height = height;
  }

  paint(rects: readonly FrameRect[]): void {
    for (const { x, y, width, height, pixels } of rects) {
      this.context.putImageData(new ImageData(pixels, width, height), x, y);
    }
  }
}
