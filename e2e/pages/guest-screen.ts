import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';

const POLL_MS = 250;
const KEPT_SCREENS = 'build/screens';

/** A rectangle of guest pixels. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The guest's screen as a person sees it and points at it: everything in guest pixels. */
export class GuestScreen {
  private readonly canvas: Locator;

  constructor(private readonly page: Page) {
    this.canvas = page.getByRole('application');
  }

  async size(): Promise<{ width: number; height: number }> {
    return this.canvas.evaluate(({ width, height }: HTMLCanvasElement) => ({ width, height }));
  }

  /** Puts the person's pointer over a pixel of the guest. */
  async pointAt(x: number, y: number): Promise<void> {
    const [box, size] = [await this.canvas.boundingBox(), await this.size()];
    if (!box) throw new Error('the guest has no screen to point at');
    const at = (place: number, pixels: number, extent: number) => ((place + 0.5) * extent) / pixels;
    await this.page.mouse.move(box.x + at(x, size.width, box.width), box.y + at(y, size.height, box.height));
  }

  async click(x: number, y: number): Promise<void> {
    await this.pointAt(x, y);
    await this.page.mouse.down();
    // As long as a finger takes.
    await this.page.waitForTimeout(80);
    await this.page.mouse.up();
  }

  /** Colours of an area, row by row, as 0xRRGGBB. */
  async colours({ x, y, width, height }: Area): Promise<number[]> {
    return this.canvas.evaluate(
      (canvas: HTMLCanvasElement, [left, top, across, down]) => {
        const { data } = canvas.getContext('2d')!.getImageData(left!, top!, across!, down!);
        return Array.from({ length: data.length / 4 }, (_, i) => {
          return (data[i * 4]! << 16) | (data[i * 4 + 1]! << 8) | data[i * 4 + 2]!;
        });
      },
      [x, y, width, height],
    );
  }

  /** Waits until something holds of the screen. @throws if it does not in time, naming `what` */
  async waitFor(what: string, holds: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!(await holds())) {
      if (Date.now() > end) throw new Error(`the guest's screen did not show ${what} in ${timeoutMs / 1000} s`);
      await this.page.waitForTimeout(POLL_MS);
    }
  }

  /** Keeps what the screen shows as `build/screens/NAME.png`, to be looked at. */
  async keep(name: string): Promise<void> {
    const url = await this.canvas.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL('image/png'));
    await mkdir(KEPT_SCREENS, { recursive: true });
    await writeFile(path.join(KEPT_SCREENS, `${name}.png`), Buffer.from(url.split(',')[1]!, 'base64'));
  }
}
