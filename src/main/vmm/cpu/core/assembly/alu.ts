import { FLAGS_AUX, FLAGS_RESULT } from '../layout';
import {
  AUX_AF, AUX_CF, AUX_PO, getCF, setFlagsCarries, setFlagsCells, setFlagsLogic, setFlagsShift, signExtend,
} from './flags'; // prettier-ignore

/**
 * Integer arithmetic as pure functions of operands and flags, for every operand size T (u8, u16, u32, u64).
 * Flags as SDM vol. 2; where the manual leaves one undefined the value is what current processors give.
 */

// @ts-ignore: decorator
@inline export function add<T>(a: T, b: T): T {
  const r = <T>(a + b);
  setFlagsCarries<T>(r, <T>((a & b) | ((a | b) & ~r)));
  return r;
}
// @ts-ignore: decorator
@inline export function adc<T>(a: T, b: T): T {
  const r = <T>(a + b + <T>getCF());
  setFlagsCarries<T>(r, <T>((a & b) | ((a | b) & ~r)));
  return r;
}
// @ts-ignore: decorator
@inline export function sub<T>(a: T, b: T): T {
  const r = <T>(a - b);
  setFlagsCarries<T>(r, <T>((~a & b) | ((~a | b) & r)));
  return r;
}
// @ts-ignore: decorator
@inline export function sbb<T>(a: T, b: T): T {
  const r = <T>(a - b - <T>getCF());
  setFlagsCarries<T>(r, <T>((~a & b) | ((~a | b) & r)));
  return r;
}
// @ts-ignore: decorator
@inline export function cmp<T>(a: T, b: T): void { sub<T>(a, b); }
// @ts-ignore: decorator
@inline export function and<T>(a: T, b: T): T {
  const r = <T>(a & b);
  setFlagsLogic<T>(r);
  return r;
}
// @ts-ignore: decorator
@inline export function or<T>(a: T, b: T): T {
  const r = <T>(a | b);
  setFlagsLogic<T>(r);
  return r;
}
// @ts-ignore: decorator
@inline export function xor<T>(a: T, b: T): T {
  const r = <T>(a ^ b);
  setFlagsLogic<T>(r);
  return r;
}
// @ts-ignore: decorator
@inline export function test<T>(a: T, b: T): void { setFlagsLogic<T>(<T>(a & b)); }

/** AF and OF of an increment or decrement; CF stays. */
// @ts-ignore: decorator
@inline function setFlagsStep<T>(r: T, af: bool, overflowed: bool): void {
  store<i64>(FLAGS_RESULT, signExtend<T>(r));
  const cf = getCF();
  const overflow: u32 = overflowed ? 1 : 0;
  store<u32>(FLAGS_AUX, (cf << 31) | ((cf ^ overflow) << 30) | (af ? AUX_AF : 0));
}
// @ts-ignore: decorator
@inline export function inc<T>(a: T): T {
  const r = <T>(a + <T>1);
  setFlagsStep<T>(r, (<u32>r & 15) == 0, r == <T>(<T>1 << <T>(sizeof<T>() * 8 - 1)));
  return r;
}
// @ts-ignore: decorator
@inline export function dec<T>(a: T): T {
  const r = <T>(a - <T>1);
  setFlagsStep<T>(r, (<u32>a & 15) == 0, a == <T>(<T>1 << <T>(sizeof<T>() * 8 - 1)));
  return r;
}
// @ts-ignore: decorator
@inline export function neg<T>(a: T): T { return sub<T>(<T>0, a); }
// @ts-ignore: decorator
@inline export function not<T>(a: T): T { return <T>~a; }

// @ts-ignore: decorator
@inline function bits<T>(): u32 { return sizeof<T>() * 8; }
// @ts-ignore: decorator
@inline function countMask<T>(): u32 { return sizeof<T>() == 8 ? 63 : 31; }
// @ts-ignore: decorator
@inline function top<T>(value: T): u32 { return <u32>(<u64>value >>> (sizeof<T>() * 8 - 1)) & 1; }

/** Bit 31 of the upper half, or what a narrower value has there when its top bit is moved to bit 31. */
// @ts-ignore: decorator
@inline function upper<T>(value: T): u32 {
  if (sizeof<T>() == 8) return <u32>(<u64>value >>> 32);
  return <u32>value << (32 - sizeof<T>() * 8);
}

/** SHL. A count of zero leaves the flags alone. */
// @ts-ignore: decorator
@inline export function shl<T>(a: T, n: u8): T {
  const count = <u32>n & countMask<T>();
  if (count == 0) return a;
  if (sizeof<T>() < 4 && count > bits<T>()) {
    setFlagsCells<T>(<T>0, 0);
    return <T>0;
  }
  const wide = sizeof<T>() < 4 ? <T>((<u32>a) << count) : <T>(a << <T>count);
  const cf = <u32>(<u64>a >>> (bits<T>() - count)) & 1;
  // OF is the result's top bit xor CF, so the carry into that bit is the bit itself.
  setFlagsCells<T>(wide, (cf << 31) | ((upper<T>(wide) >>> 1) & AUX_PO));
  return wide;
}
// @ts-ignore: decorator
@inline export function shr<T>(a: T, n: u8): T {
  const count = <u32>n & countMask<T>();
  if (count == 0) return a;
  if (sizeof<T>() < 4 && count > bits<T>()) {
    setFlagsCells<T>(<T>0, 0);
    return <T>0;
  }
  const r = <T>(<u64>a >>> count);
  const cf = <u32>(<u64>a >>> (count - 1)) & 1;
  // OF is defined for a count of 1; beyond that processors give the xor of the two top bits, the upper of which is 0.
  setFlagsCells<T>(r, (-cf & (AUX_CF | AUX_PO)) ^ (upper<T>(r) & AUX_PO));
  return r;
}
// @ts-ignore: decorator
@inline export function sar<T>(a: T, n: u8): T {
  const count = <u32>n & countMask<T>();
  if (count == 0) return a;
  const wide = signExtend<T>(a);
  const r = <T>(wide >> count);
  setFlagsCells<T>(r, -(<u32>(wide >> (count - 1)) & 1) & (AUX_CF | AUX_PO));
  return r;
}

/** CF and OF replaced, the others kept. */
function setRotateFlags(cf: u32, overflow: u32): void {
  store<u32>(FLAGS_AUX, (load<u32>(FLAGS_AUX) & 0x3fff_ffff) | (cf << 31) | ((cf ^ overflow) << 30));
}

export function rol<T>(a: T, n: u8): T {
  if ((<u32>n & countMask<T>()) == 0) return a;
  const count = <u32>n & (bits<T>() - 1);
  const v = <u64>a;
  const r = count ? <T>((v << count) | (v >>> (bits<T>() - count))) : a;
  const cf = <u32>r & 1;
  setRotateFlags(cf, top<T>(r) ^ cf);
  return r;
}
export function ror<T>(a: T, n: u8): T {
  if ((<u32>n & countMask<T>()) == 0) return a;
  const count = <u32>n & (bits<T>() - 1);
  const v = <u64>a;
  const r = count ? <T>((v >>> count) | (v << (bits<T>() - count))) : a;
  setRotateFlags(top<T>(r), top<T>(<T>(r ^ (r << <T>1))));
  return r;
}
export function rcl<T>(a: T, n: u8): T {
  let count = <u32>n & countMask<T>();
  if (sizeof<T>() < 4) count %= bits<T>() + 1;
  if (count == 0) return a;
  let r = a;
  let cf = getCF();
  for (; count; count--) {
    const out = top<T>(r);
    r = <T>(<T>(r << <T>1) | <T>cf);
    cf = out;
  }
  setRotateFlags(cf, top<T>(r) ^ cf);
  return r;
}
export function rcr<T>(a: T, n: u8): T {
  let count = <u32>n & countMask<T>();
  if (sizeof<T>() < 4) count %= bits<T>() + 1;
  if (count == 0) return a;
  let r = a;
  let cf = getCF();
  for (; count; count--) {
    const out = <u32>r & 1;
    r = <T>(<T>(<u64>r >>> 1) | <T>(<T>cf << <T>(bits<T>() - 1)));
    cf = out;
  }
  setRotateFlags(cf, top<T>(<T>(r ^ (r << <T>1))));
  return r;
}

/** SHLD for 16, 32 and 64 bits. */
export function shld<T>(a: T, b: T, n: u8): T {
  let count = <u32>n & countMask<T>();
  if (count == 0) return a;
  let r: T;
  let cf: u32;
  if (sizeof<T>() == 2) {
    // Counts of 17 to 31 are undefined; processors shift the concatenation a:b:a.
    const wide = (<u64>a << 32) | (<u64>b << 16) | <u64>a;
    r = <T>((wide << count) >>> 32);
    cf = <u32>((wide << count) >>> 48) & 1;
  } else {
    r = <T>((a << <T>count) | (b >> <T>(bits<T>() - count)));
    cf = <u32>(a >> <T>(bits<T>() - count)) & 1;
  }
  setFlagsShift<T>(r, cf, top<T>(<T>(r ^ a)));
  return r;
}
export function shrd<T>(a: T, b: T, n: u8): T {
  let count = <u32>n & countMask<T>();
  if (count == 0) return a;
  let r: T;
  let cf: u32;
  if (sizeof<T>() == 2) {
    const wide = (<u64>a << 32) | (<u64>b << 16) | <u64>a;
    r = <T>(wide >>> count);
    cf = <u32>(wide >>> (count - 1)) & 1;
  } else {
    r = <T>((a >> <T>count) | (b << <T>(bits<T>() - count)));
    cf = <u32>(a >> <T>(count - 1)) & 1;
  }
  setFlagsShift<T>(r, cf, top<T>(<T>(r ^ <T>(r << <T>1))));
  return r;
}

/** High 64 bits of an unsigned product. */
export function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffff_ffff;
  const ah = a >>> 32;
  const bl = b & 0xffff_ffff;
  const bh = b >>> 32;
  const low = al * bl;
  const mid = ah * bl + (low >>> 32);
  const mid2 = al * bh + (mid & 0xffff_ffff);
  return ah * bh + (mid >>> 32) + (mid2 >>> 32);
}
/** High 64 bits of a signed product. */
export function mulHighSigned(a: i64, b: i64): i64 {
  return <i64>mulHigh(<u64>a, <u64>b) - ((a >> 63) & b) - ((b >> 63) & a);
}

/** Two- and three-operand IMUL: CF = OF = the product does not fit; the others undefined (result flags here). */
// @ts-ignore: decorator
@inline export function imul<T>(a: T, b: T): T {
  const r = <T>(a * b);
  let lost: bool;
  if (sizeof<T>() == 8) {
    // Products of numbers of 32 bits always fit.
    const narrow = <i64>a == <i64>(<i32>a) && <i64>b == <i64>(<i32>b);
    lost = !narrow && mulHighSigned(<i64>a, <i64>b) != <i64>r >> 63;
  }
  else lost = signExtend<T>(a) * signExtend<T>(b) != signExtend<T>(r);
  const cf: u32 = lost ? 1 : 0;
  setFlagsShift<T>(r, cf, cf);
  return r;
}
