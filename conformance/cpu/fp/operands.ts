import type { Random } from './random.js';

const INTEGER_EDGES = [
  0n, 1n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn,
  0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn, 0x0080_0080_0080_0080n, 0x8000_8000_8000_8000n,
]; // prettier-ignore

/** A quadword: random, an edge, small, or bytes drawn from edges. */
export function integer64(random: Random): bigint {
  switch (random.below(5)) {
    case 0:
      return random.pick(INTEGER_EDGES);
    case 1:
      return BigInt(random.below(130));
    case 2: {
      let value = 0n;
      for (let i = 0; i < 8; i++) value = (value << 8n) | BigInt(random.pick([0, 1, 0x7f, 0x80, 0x81, 0xff]));
      return value;
    }
    default:
      return random.u64();
  }
}

interface Format {
  readonly exponentBits: number;
  readonly fractionBits: number;
}
const SINGLE: Format = { exponentBits: 8, fractionBits: 23 };
const DOUBLE: Format = { exponentBits: 11, fractionBits: 52 };

/** A fraction: random, all zeros or ones but a few, or few significant bits (so that exact results happen). */
function fraction(random: Random, bits: number): bigint {
  const mask = (1n << BigInt(bits)) - 1n;
  const r = random.u64() & mask;
  const shift = BigInt(random.below(bits));
  switch (random.below(7)) {
    case 0:
      return 0n;
    case 1:
      return mask;
    case 2:
      return (r << shift) & mask;
    case 3:
      return r >> shift;
    case 4:
      return (1n << shift) & mask;
    default:
      return r;
  }
}

function encode(random: Random, { exponentBits, fractionBits }: Format): bigint {
  const top = (1 << exponentBits) - 1;
  const bias = top >> 1;
  const sign = BigInt(random.below(2)) << BigInt(exponentBits + fractionBits);
  const exponents = [
    0,
    0,
    1,
    2,
    top - 1,
    top,
    top,
    bias - 1,
    bias,
    bias + 1,
    bias + fractionBits,
    bias + 31,
    bias + 63,
  ];
  const kind = random.below(8);
  const exponent =
    kind < 2
      ? random.pick(exponents)
      : kind < 4
        ? random.below(top + 1)
        : bias - 36 + random.below(kind < 6 ? 72 : 2 * fractionBits);
  return sign | (BigInt(Math.min(top, Math.max(0, exponent))) << BigInt(fractionBits)) | fraction(random, fractionBits);
}

export function float32(random: Random): bigint {
  return encode(random, SINGLE);
}

export function float64(random: Random): bigint {
  return encode(random, DOUBLE);
}

/** An 80-bit register image, all encodings included: pseudo-denormals, unnormals and the other unsupported ones are rare. */
export function float80(random: Random): { readonly significand: bigint; readonly signExponent: number } {
  const sign = random.below(2) << 15;
  const kind = random.below(10);
  const exponent =
    kind < 2
      ? random.pick([0, 0, 1, 2, 0x3ffe, 0x3fff, 0x4000, 0x403d, 0x403e, 0x403f, 0x7ffd, 0x7ffe, 0x7fff, 0x7fff])
      : kind < 3
        ? random.below(0x8000)
        : 0x3fff - 36 + random.below(kind < 7 ? 72 : 128);
  let integerBit = exponent === 0 ? BigInt(random.below(16) === 0 ? 1 : 0) : BigInt(random.below(24) !== 0 ? 1 : 0);
  const bits = fraction(random, 63);
  if (exponent === 0 && random.below(3) === 0) integerBit = 0n;
  return { significand: (integerBit << 63n) | bits, signExponent: sign | exponent };
}
