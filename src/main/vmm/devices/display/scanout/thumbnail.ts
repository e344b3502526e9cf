import { OPAQUE, type Frame } from './frame.js';

/** A smaller copy of a frame, at most `maxWidth` wide, each pixel the mean of those it stands for. */
export function thumbnail(frame: Frame, maxWidth: number): Frame {
  const width = Math.max(1, Math.min(maxWidth, frame.width));
  const height = Math.max(1, Math.round((frame.height * width) / frame.width));
  const pixels = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) {
    const top = Math.floor((y * frame.height) / height);
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * frame.height) / height));
    for (let x = 0; x < width; x++) {
      const left = Math.floor((x * frame.width) / width);
      const right = Math.max(left + 1, Math.floor(((x + 1) * frame.width) / width));
      pixels[y * width + x] = meanOf(frame, left, top, right, bottom);
    }
  }
  return { width, height, pixels };
}

function meanOf({ width, pixels }: Frame, left: number, top: number, right: number, bottom: number): number {
  let red = 0;
  let green = 0;
  let blue = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const pixel = pixels[y * width + x]!;
      red += pixel & 0xff;
      green += (pixel >> 8) & 0xff;
      blue += (pixel >> 16) & 0xff;
    }
  }
  const count = (right - left) * (bottom - top);
  return (OPAQUE | (Math.round(blue / count) << 16) | (Math.round(green / count) << 8) | Math.round(red / count)) >>> 0;
}
