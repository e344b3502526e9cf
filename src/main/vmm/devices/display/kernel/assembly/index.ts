// The inner loops of scan-out: convert sixteen pixels, compare them with the picture, store them and mark their
// tile if they differ. A source pixel is read once, so what a guest changes meanwhile is found by the next look.
// AssemblyScript; compiled by scripts/build-display-kernel.mjs. Widths are multiples of 8. Nothing is allocated and
// there is no static data: the module works in the machine's memory, on the addresses it is given.

const TILE_SHIFT: u32 = 4;
const TILE: u32 = 16;
const OPAQUE: u32 = 0xff00_0000;

/** Four RGBX pixels from the first 16 bytes at `source`, by depth. */
// @ts-ignore: decorator
@inline
function fourPixels32(source: usize): v128 {
  return i8x16.shuffle(v128.load(source), i8x16.splat(-1), 2, 1, 0, 16, 6, 5, 4, 16, 10, 9, 8, 16, 14, 13, 12, 16);
}

/** From 12 bytes; reads 4 more. */
// @ts-ignore: decorator
@inline
function fourPixels24(source: usize): v128 {
  return i8x16.shuffle(v128.load(source), i8x16.splat(-1), 2, 1, 0, 16, 5, 4, 3, 16, 8, 7, 6, 16, 11, 10, 9, 16);
}

// @ts-ignore: decorator
@inline
function widen5(five: v128): v128 {
  return v128.or(i32x4.shl(five, 3), i32x4.shr_u(five, 2));
}

// @ts-ignore: decorator
@inline
function fourPixels16(source: usize): v128 {
  const pixel = v128.load16x4_u(source);
  const five = i32x4.splat(0x1f);
  const red = widen5(i32x4.shr_u(pixel, 11));
  const green6 = v128.and(i32x4.shr_u(pixel, 5), i32x4.splat(0x3f));
  const green = v128.or(i32x4.shl(green6, 2), i32x4.shr_u(green6, 4));
  const blue = widen5(v128.and(pixel, five));
  return pack(red, green, blue);
}

// @ts-ignore: decorator
@inline
function fourPixels15(source: usize): v128 {
  const pixel = v128.load16x4_u(source);
  const five = i32x4.splat(0x1f);
  const red = widen5(v128.and(i32x4.shr_u(pixel, 10), five));
  const green = widen5(v128.and(i32x4.shr_u(pixel, 5), five));
  const blue = widen5(v128.and(pixel, five));
  return pack(red, green, blue);
}

// @ts-ignore: decorator
@inline
function pack(red: v128, green: v128, blue: v128): v128 {
  const colors = v128.or(v128.or(red, i32x4.shl(green, 8)), i32x4.shl(blue, 16));
  return v128.or(colors, i32x4.splat(OPAQUE));
}

// @ts-ignore: decorator
@inline
function fourPixels8(source: usize, palette: usize): v128 {
  const pixels = load<u32>(source);
  let four = i32x4.splat(load<u32>(palette + ((pixels & 0xff) << 2)));
  four = i32x4.replace_lane(four, 1, load<u32>(palette + (((pixels >> 8) & 0xff) << 2)));
  four = i32x4.replace_lane(four, 2, load<u32>(palette + (((pixels >> 16) & 0xff) << 2)));
  return i32x4.replace_lane(four, 3, load<u32>(palette + ((pixels >> 24) << 2)));
}

// @ts-ignore: decorator
@inline
function fourPixels(depth: u32, source: usize, palette: usize): v128 {
  if (depth == 32) return fourPixels32(source);
  if (depth == 24) return fourPixels24(source);
  if (depth == 16) return fourPixels16(source);
  if (depth == 15) return fourPixels15(source);
  return fourPixels8(source, palette);
}

// @ts-ignore: decorator
@inline
function scan(depth: u32, step: usize, source: usize, pitch: usize, target: usize, width: u32, height: u32, tiles: usize, palette: usize): void {
  const columns = (width + TILE - 1) >> TILE_SHIFT;
  for (let y: u32 = 0; y < height; y++) {
    let from = source + (<usize>y) * pitch;
    let to = target + (<usize>y) * (<usize>width << 2);
    let tile = tiles + (<usize>((y >> TILE_SHIFT) * columns));
    const end = to + (<usize>width << 2);
    while (to < end) {
      const a = fourPixels(depth, from, palette);
      const b = fourPixels(depth, from + step, palette);
      let differs = v128.or(v128.xor(a, v128.load(to)), v128.xor(b, v128.load(to, 16)));
      if (end - to >= 64) {
        const c = fourPixels(depth, from + 2 * step, palette);
        const d = fourPixels(depth, from + 3 * step, palette);
        differs = v128.or(differs, v128.or(v128.xor(c, v128.load(to, 32)), v128.xor(d, v128.load(to, 48))));
        if (v128.any_true(differs)) {
          v128.store(to, c, 32);
          v128.store(to, d, 48);
        }
      }
      if (v128.any_true(differs)) {
        v128.store(to, a);
        v128.store(to, b, 16);
        store<u8>(tile, 1);
      }
      from += 4 * step;
      to += 64;
      tile++;
    }
  }
}

/**
 * @param source first pixel @param pitch bytes from row to row @param target the picture, rows of width × 4 bytes
 * @param tiles a byte for each 16 × 16 tile, set to 1 where something differed @param palette 256 RGBX words
 */
export function scan32(source: usize, pitch: usize, target: usize, width: u32, height: u32, tiles: usize, palette: usize): void {
  scan(32, 16, source, pitch, target, width, height, tiles, palette);
}

export function scan24(source: usize, pitch: usize, target: usize, width: u32, height: u32, tiles: usize, palette: usize): void {
  scan(24, 12, source, pitch, target, width, height, tiles, palette);
}

export function scan16(source: usize, pitch: usize, target: usize, width: u32, height: u32, tiles: usize, palette: usize): void {
  scan(16, 8, source, pitch, target, width, height, tiles, palette);
}

export function scan15(source: usize, pitch: usize, target: usize, width: u32, height: u32, tiles: usize, palette: usize): void {
  scan(15, 8, source, pitch, target, width, height, tiles, palette);
}

export function scan8(source: usize, pitch: usize, target: usize, width: u32, height: u32, tiles: usize, palette: usize): void {
  scan(8, 4, source, pitch, target, width, height, tiles, palette);
}

/** Plane bytes of one address → attributes of its four left pixels, one in each lane; `data` shifted by 4 for the right. */
// @ts-ignore: decorator
@inline
function fourAttributes(data: u32): v128 {
  // Lane p brings bit 7-p of every plane to the top of its byte, then the four bits side by side.
  const tops = v128.and(i32x4.mul(i32x4.splat(data), i32x4(1, 2, 4, 8)), i32x4.splat(0x8080_8080));
  const bits = i32x4.shr_u(tops, 7);
  return i32x4.shr_u(i32x4.mul(bits, i32x4.splat(0x0102_0408)), 24);
}

/** @param red @param green @param blue of the 16 attributes */
// @ts-ignore: decorator
@inline
function fourColors(attributes: v128, red: v128, green: v128, blue: v128): v128 {
  // Lanes past 15 select nothing, so that only the lowest byte of each word is filled.
  const index = v128.or(attributes, i32x4.splat(0xffff_ff00));
  const r = i8x16.swizzle(red, index);
  const g = i32x4.shl(i8x16.swizzle(green, index), 8);
  const b = i32x4.shl(i8x16.swizzle(blue, index), 16);
  return v128.or(v128.or(r, g), v128.or(b, i32x4.splat(OPAQUE)));
}

/**
 * One scan line of 16 colours: eight pixels from each word of four plane bytes.
 * @param source first word, the others follow @param columns words @param target the line in the picture
 * @param tile of the line's left end @param components 16 red, 16 green, 16 blue values by attribute
 */
export function scanPlanes(source: usize, columns: u32, target: usize, tile: usize, components: usize): void {
  const red = v128.load(components);
  const green = v128.load(components, 16);
  const blue = v128.load(components, 32);
  for (let column: u32 = 0; column < columns; column++) {
    const data = load<u32>(source);
    const a = fourColors(fourAttributes(data), red, green, blue);
    const b = fourColors(fourAttributes(data << 4), red, green, blue);
    if (v128.any_true(v128.or(v128.xor(a, v128.load(target)), v128.xor(b, v128.load(target, 16))))) {
      v128.store(target, a);
      v128.store(target, b, 16);
      store<u8>(tile + (column >> 1), 1);
    }
    source += 4;
    target += 32;
  }
}
