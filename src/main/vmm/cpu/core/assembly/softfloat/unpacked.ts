import { BIAS, TOP_BIT } from './rounding';

/** Kinds of floating-point datum (SDM vol. 1, 4.8.3). */
export const ZERO: u32 = 0;
export const FINITE: u32 = 1;
export const INFINITE: u32 = 2;
export const QNAN: u32 = 3;
export const SNAN: u32 = 4;
/** 80-bit encodings modern processors refuse: pseudo-NaN, pseudo-infinity, unnormal (SDM vol. 1, 8.2.2). */
export const UNSUPPORTED: u32 = 5;

/** The last datum taken apart: exponent biased by 3FFFh, significand with bit 63 set if finite and nonzero. */
export let uKind: u32 = 0;
export let uSign: u32 = 0;
export let uExponent: i32 = 0;
export let uSignificand: u64 = 0;
/** It is (pseudo-)denormal. */
export let uDenormal: bool = false;

export function unpack32(bits: u32): void {
  unpack(bits >> 31, <i32>((bits >> 23) & 0xff), (<u64>bits) << 41, 0xff, 0x7f);
}

export function unpack64(bits: u64): void {
  unpack(<u32>(bits >> 63), <i32>((bits >> 52) & 0x7ff), bits << 12, 0x7ff, 0x3ff);
}

/** `fraction` is left-aligned: its top bit weighs one half. */
function unpack(sign: u32, exponent: i32, fraction: u64, maximum: i32, bias: i32): void {
  uSign = sign;
  uDenormal = false;
  if (exponent == 0) {
    if (fraction == 0) {
      uKind = ZERO;
      uSignificand = 0;
      return;
    }
    const shift = <i32>clz(fraction);
    uKind = FINITE;
    uDenormal = true;
    uSignificand = fraction << shift;
    uExponent = BIAS - bias - shift;
    return;
  }
  uSignificand = TOP_BIT | (fraction >> 1);
  if (exponent == maximum) {
    uKind = fraction == 0 ? INFINITE : fraction & TOP_BIT ? QNAN : SNAN;
    uExponent = 0x7fff;
    return;
  }
  uKind = FINITE;
  uExponent = exponent - bias + BIAS;
}

export function unpack80(signExponent: u32, significand: u64): void {
  const exponent = <i32>(signExponent & 0x7fff);
  uSign = (signExponent >> 15) & 1;
  uSignificand = significand;
  uExponent = exponent;
  uDenormal = false;
  if (exponent == 0) {
    if (significand == 0) {
      uKind = ZERO;
      return;
    }
    // Denormal and pseudo-denormal numbers have the exponent of 1.
    const shift = <i32>clz(significand);
    uKind = FINITE;
    uDenormal = true;
    uSignificand = significand << shift;
    uExponent = 1 - shift;
  } else if ((significand & TOP_BIT) == 0) uKind = UNSUPPORTED;
  else if (exponent != 0x7fff) uKind = FINITE;
  else uKind = significand == TOP_BIT ? INFINITE : significand & 0x4000_0000_0000_0000 ? QNAN : SNAN;
}
