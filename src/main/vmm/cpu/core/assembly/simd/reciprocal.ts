/**
 * RCPPS and RSQRTPS (SDM vol. 2): approximations of 12 bits that touch no MXCSR flag and take denormals for zeros. The
 * manual bounds the error only; this is the function Intel's processors compute, found by measuring all inputs: the
 * reciprocal (root) of the middle of an interval of 2^-11 (2^-10), rounded to 12 fraction bits.
 */

const SIGN: u32 = 0x8000_0000;
const INFINITY_BITS: u32 = 0x7f80_0000;
const QUIET: u32 = 0x0040_0000;
const INDEFINITE: u32 = 0xffc0_0000;

/** 12 fraction bits of 2 × value, value in (½, 1), in place. */
function fractionOf(value: f64): u32 {
  return (<u32>floor(4096.0 * (2.0 * value - 1.0) + 0.5)) << 11;
}

function reciprocal(bits: u32): u32 {
  const magnitude = bits & ~SIGN;
  if (magnitude > INFINITY_BITS) return bits | QUIET;
  const sign = bits & SIGN;
  const exponent = magnitude >> 23;
  if (exponent == 0) return sign | INFINITY_BITS;
  if (exponent >= 253) return sign;
  const interval = <f64>((bits >> 12) & 0x7ff);
  return sign | ((253 - exponent) << 23) | fractionOf(1.0 / (1.0 + (interval + 0.5) / 2048.0));
}

function reciprocalRoot(bits: u32): u32 {
  const magnitude = bits & ~SIGN;
  if (magnitude > INFINITY_BITS) return bits | QUIET;
  const exponent = magnitude >> 23;
  if (exponent == 0) return (bits & SIGN) | INFINITY_BITS;
  if (bits & SIGN) return INDEFINITE;
  if (exponent == 255) return 0;
  const interval = <f64>((bits >> 13) & 0x3ff);
  const scale = exponent & 1 ? 1.0 : 2.0;
  const root = 1.0 / sqrt<f64>(scale * (1.0 + (interval + 0.5) / 1024.0));
  return ((126 + 63 - ((exponent - 1) >> 1)) << 23) + fractionOf(root);
}

export function rcpss(dst: usize, src: usize): void {
  store<u32>(dst, reciprocal(load<u32>(src)));
}

export function rcpps(dst: usize, src: usize): void {
  for (let at: usize = 0; at < 16; at += 4) store<u32>(dst + at, reciprocal(load<u32>(src + at)));
}

export function rsqrtss(dst: usize, src: usize): void {
  store<u32>(dst, reciprocalRoot(load<u32>(src)));
}

export function rsqrtps(dst: usize, src: usize): void {
  for (let at: usize = 0; at < 16; at += 4) store<u32>(dst + at, reciprocalRoot(load<u32>(src + at)));
}
