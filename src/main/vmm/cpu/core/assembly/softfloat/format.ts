import { BIAS } from './rounding';

/** The two IEEE 754 interchange formats of SSE and of x87 memory operands: T = u32 single, T = u64 double precision. */

export function precision<T>(): u32 {
  return sizeof<T>() == 4 ? 24 : 53;
}

/** Exponent of the smallest normal number and of the largest, biased by 3FFFh. */
export function minimum<T>(): i32 {
  return sizeof<T>() == 4 ? BIAS - 126 : BIAS - 1022;
}

export function maximum<T>(): i32 {
  return sizeof<T>() == 4 ? BIAS + 127 : BIAS + 1023;
}

export function signBit<T>(): T {
  return sizeof<T>() == 4 ? <T>0x8000_0000 : <T>0x8000_0000_0000_0000;
}

export function quietBit<T>(): T {
  return sizeof<T>() == 4 ? <T>0x0040_0000 : <T>0x0008_0000_0000_0000;
}

export function infinity<T>(): T {
  return sizeof<T>() == 4 ? <T>0x7f80_0000 : <T>0x7ff0_0000_0000_0000;
}

export function largest<T>(): T {
  return sizeof<T>() == 4 ? <T>0x7f7f_ffff : <T>0x7fef_ffff_ffff_ffff;
}

/** "QNaN floating-point indefinite". */
export function indefinite<T>(): T {
  return sizeof<T>() == 4 ? <T>0xffc0_0000 : <T>0xfff8_0000_0000_0000;
}

export function withSign<T>(sign: u32, magnitude: T): T {
  return (<T>sign << <T>(sizeof<T>() * 8 - 1)) | magnitude;
}

/** Exponent (biased by 3FFFh) and significand (bit 63 set) of a normal number, without sign. */
export function encode<T>(exponent: i32, significand: u64): T {
  return (<T>(exponent - (minimum<T>() - 1)) << <T>(precision<T>() - 1)) | <T>((significand << 1) >> (65 - precision<T>()));
}
