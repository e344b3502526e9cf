export type Scaling = 'fit' | 'original' | 'integer';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where the guest's screen lies in its box. CSS pixels. */
export interface ScreenGeometry extends Size {
  readonly left: number;
  readonly top: number;
  /** CSS pixels a guest pixel takes. */
  readonly scale: number;
  /** Every guest pixel is a whole number of device pixels: draw without a filter. */
  readonly crisp: boolean;
}

/** Width of the frame around a screen that has captured the input. */
const FRAME = 2;

/**
 * Places the screen in the middle of its box. `integer` takes the largest whole number of device pixels a guest pixel
 * that fits, at least one; `original` one CSS pixel, rounded to whole device pixels so that it is always sharp. A screen
 * larger than its box starts at the top left, to be scrolled. Where it costs no sharpness, `fit` leaves room for the frame
 * that shows captured input.
 */
export function screenGeometry(guest: Size, box: Size, devicePixelRatio: number, scaling: Scaling): ScreenGeometry {
  const exact = deviceFactor(guest, box, devicePixelRatio, scaling);
  const framed = { width: box.width - 2 * FRAME, height: box.height - 2 * FRAME };
  const factor = Number.isInteger(exact) ? exact : deviceFactor(guest, framed, devicePixelRatio, scaling);
  const scale = factor / devicePixelRatio;
  const width = guest.width * scale;
  const height = guest.height * scale;
  const align = (gap: number) => Math.floor((Math.max(0, gap) / 2) * devicePixelRatio) / devicePixelRatio;
  return {
    width,
    height,
    left: align(box.width - width),
    top: align(box.height - height),
    scale,
    crisp: Number.isInteger(factor),
  };
}

/** Device pixels a guest pixel takes. */
function deviceFactor(guest: Size, box: Size, devicePixelRatio: number, scaling: Scaling): number {
  if (scaling === 'original') return Math.max(1, Math.round(devicePixelRatio));
  const largest = Math.min(box.width / guest.width, box.height / guest.height) * devicePixelRatio;
  if (scaling === 'integer') return Math.max(1, Math.floor(largest));
  // Less than half a device pixel over the whole screen is not worth a filter.
  const whole = Math.round(largest);
  const negligible = whole >= 1 && whole <= largest && (largest - whole) * guest.width < 0.5;
  return negligible ? whole : Math.max(largest, 1 / 64);
}
