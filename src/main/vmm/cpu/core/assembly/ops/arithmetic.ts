import { REGS } from '../../layout';
import { mulHigh, mulHighSigned } from '../alu';
import { deliverOpFault, raise } from '../exceptions';
import { getCF, getAF, setFlagsLogic, setFlagsShift, signExtend, updateArithmeticFlags } from '../flags'; // prettier-ignore
import { linear, opAddressSize, addressMask, readPointer, rmRead } from '../memory';
import {
  DE, FLAG_AF, FLAG_CF, nextOp, opImm, opSegment, putReg, RAX, RBX, RDX, reg16, reg32, reg64, reg8,
  setReg16, setReg32, setReg64,
} from '../state'; // prettier-ignore

/** Multiplication, division, conversion, decimal arithmetic. */

const AL: usize = REGS;
const AH: usize = REGS + 1;

function overflow<T>(low: T, lost: bool): void {
  const bit: u32 = lost ? 1 : 0;
  setFlagsShift<T>(low, bit, bit);
}

export function multiply<T>(op: usize): usize {
  const p = rmRead<T>(op);
  if (!p) return deliverOpFault(op);
  const b = load<T>(p);
  if (sizeof<T>() == 1) {
    const r = reg8(RAX) * <u32>b;
    setReg16(RAX, r);
    overflow<u8>(<u8>r, r > 0xff);
  } else if (sizeof<T>() == 2) {
    const r = reg16(RAX) * <u32>b;
    setReg16(RAX, r);
    setReg16(RDX, r >>> 16);
    overflow<u16>(<u16>r, r > 0xffff);
  } else if (sizeof<T>() == 4) {
    const r = <u64>reg32(RAX) * <u64>b;
    setReg32(RAX, <u32>r);
    setReg32(RDX, <u32>(r >>> 32));
    overflow<u32>(<u32>r, r >>> 32 != 0);
  } else {
    const a = reg64(RAX);
    const h = mulHigh(a, <u64>b);
    setReg64(RAX, a * <u64>b);
    setReg64(RDX, h);
    overflow<u64>(a * <u64>b, h != 0);
  }
  return nextOp(op);
}

export function multiplySigned<T>(op: usize): usize {
  const p = rmRead<T>(op);
  if (!p) return deliverOpFault(op);
  const b = signExtend<T>(load<T>(p));
  if (sizeof<T>() == 8) {
    const a = <i64>reg64(RAX);
    const h = mulHighSigned(a, b);
    setReg64(RAX, a * b);
    setReg64(RDX, h);
    overflow<u64>(a * b, h != (a * b) >> 63);
    return nextOp(op);
  }
  const a = signExtend<T>(load<T>(REGS));
  const r = a * b;
  if (sizeof<T>() == 1) setReg16(RAX, <u32>r);
  else if (sizeof<T>() == 2) {
    setReg16(RAX, <u32>r);
    setReg16(RDX, <u32>(r >> 16));
  } else {
    setReg32(RAX, <u32>r);
    setReg32(RDX, <u32>(r >> 32));
  }
  overflow<T>(<T>r, signExtend<T>(<T>r) != r);
  return nextOp(op);
}

export function divide<T>(op: usize): usize {
  const p = rmRead<T>(op);
  if (!p) return deliverOpFault(op);
  const d = <u64>load<T>(p);
  if (d == 0) return raise(op, DE, 0);
  if (sizeof<T>() == 8) return divide128(op, d);
  const n: u64 = sizeof<T>() == 1
    ? <u64>reg16(RAX)
    : sizeof<T>() == 2
      ? <u64>((reg16(RDX) << 16) | reg16(RAX))
      : (<u64>reg32(RDX) << 32) | <u64>reg32(RAX);
  const q = n / d;
  if (q > <u64>(<T>-1)) return raise(op, DE, 0);
  putQuotient<T>(q, n % d);
  return nextOp(op);
}

function putQuotient<T>(quotient: u64, remainder: u64): void {
  if (sizeof<T>() == 1) {
    store<u8>(AL, <u8>quotient);
    store<u8>(AH, <u8>remainder);
  } else {
    putReg<T>(REGS, <T>quotient);
    putReg<T>(REGS + 16, <T>remainder);
  }
}

// Quotient and remainder of the last 128-bit division.
let quotient: u64 = 0;
let remainder: u64 = 0;

/** (high:low) / divisor, high < divisor. */
function divideWide(high: u64, low: u64, divisor: u64): void {
  if (high == 0) {
    quotient = low / divisor;
    remainder = low % divisor;
    return;
  }
  let r = high;
  let q: u64 = 0;
  for (let i: u64 = 0; i < 64; i++) {
    const carry = r >>> 63;
    r = (r << 1) | ((low >>> (63 - i)) & 1);
    q <<= 1;
    if (carry || r >= divisor) {
      r -= divisor;
      q |= 1;
    }
  }
  quotient = q;
  remainder = r;
}

function divide128(op: usize, divisor: u64): usize {
  const high = reg64(RDX);
  if (high >= divisor) return raise(op, DE, 0);
  divideWide(high, reg64(RAX), divisor);
  setReg64(RAX, quotient);
  setReg64(RDX, remainder);
  return nextOp(op);
}

export function divideSigned<T>(op: usize): usize {
  const p = rmRead<T>(op);
  if (!p) return deliverOpFault(op);
  const d = signExtend<T>(load<T>(p));
  if (d == 0) return raise(op, DE, 0);
  if (sizeof<T>() == 8) return divideSigned128(op, d);
  const n: i64 = sizeof<T>() == 1
    ? <i64>(<i16>reg16(RAX))
    : sizeof<T>() == 2
      ? <i64>(<i32>((reg16(RDX) << 16) | reg16(RAX)))
      : <i64>((<u64>reg32(RDX) << 32) | <u64>reg32(RAX));
  if (n == i64.MIN_VALUE && d == -1) return raise(op, DE, 0);
  const q = n / d;
  if (signExtend<T>(<T>q) != q) return raise(op, DE, 0);
  putQuotient<T>(<u64>q, <u64>(n % d));
  return nextOp(op);
}

function divideSigned128(op: usize, divisor: i64): usize {
  let high = reg64(RDX);
  let low = reg64(RAX);
  const negative = <i64>high < 0;
  if (negative) {
    low = 0 - low;
    high = ~high + (low == 0 ? 1 : 0);
  }
  const magnitude: u64 = divisor < 0 ? <u64>0 - <u64>divisor : <u64>divisor;
  if (high >= magnitude) return raise(op, DE, 0);
  divideWide(high, low, magnitude);
  const flip = negative != divisor < 0;
  if (quotient > (flip ? <u64>1 << 63 : <u64>i64.MAX_VALUE)) return raise(op, DE, 0);
  setReg64(RAX, flip ? 0 - quotient : quotient);
  setReg64(RDX, negative ? 0 - remainder : remainder);
  return nextOp(op);
}

/** CBW, CWDE, CDQE. */
export function convertAccumulator<T>(op: usize): usize {
  if (sizeof<T>() == 2) setReg16(RAX, <u32>(<i32>(<i8>reg8(RAX))));
  else if (sizeof<T>() == 4) setReg32(RAX, <u32>(<i32>(<i16>reg16(RAX))));
  else setReg64(RAX, <u64>(<i64>(<i32>reg32(RAX))));
  return nextOp(op);
}
/** CWD, CDQ, CQO. */
export function convertToPair<T>(op: usize): usize {
  putReg<T>(REGS + 16, <T>(signExtend<T>(load<T>(REGS)) >> 63));
  return nextOp(op);
}

// Decimal adjustments, as the pseudo-code of SDM vol. 2.
export function decimalAdjustAdd(op: usize): usize {
  const al = reg8(RAX);
  const carry = getCF();
  let result = al;
  let cf: u32 = 0;
  let af: u32 = 0;
  if ((al & 15) > 9 || getAF()) {
    result += 6;
    af = FLAG_AF;
    cf = carry | (result > 0xff ? 1 : 0);
  }
  if (al > 0x99 || carry) {
    result += 0x60;
    cf = 1;
  }
  putDecimal(result, af | (cf ? FLAG_CF : 0));
  return nextOp(op);
}
export function decimalAdjustSub(op: usize): usize {
  const al = reg8(RAX);
  const carry = getCF();
  let result = al;
  let cf: u32 = 0;
  let af: u32 = 0;
  if ((al & 15) > 9 || getAF()) {
    cf = carry | (al < 6 ? 1 : 0);
    result -= 6;
    af = FLAG_AF;
  }
  if (al > 0x99 || carry) {
    result -= 0x60;
    cf = 1;
  }
  putDecimal(result, af | (cf ? FLAG_CF : 0));
  return nextOp(op);
}
function putDecimal(result: u32, carries: u32): void {
  store<u8>(AL, <u8>result);
  setFlagsLogic<u8>(<u8>result);
  updateArithmeticFlags(carries, FLAG_AF | FLAG_CF);
}
export function asciiAdjustAdd(op: usize): usize {
  asciiAdjust(0x106);
  return nextOp(op);
}
export function asciiAdjustSub(op: usize): usize {
  asciiAdjust(<u32>-0x106);
  return nextOp(op);
}
function asciiAdjust(step: u32): void {
  const adjust = (reg8(RAX) & 15) > 9 || getAF() != 0;
  if (adjust) setReg16(RAX, reg16(RAX) + step);
  store<u8>(AL, load<u8>(AL) & 15);
  setFlagsLogic<u8>(load<u8>(AL));
  updateArithmeticFlags(adjust ? FLAG_AF | FLAG_CF : 0, FLAG_AF | FLAG_CF);
}
export function asciiAdjustMultiply(op: usize): usize {
  const base = <u32>opImm(op) & 0xff;
  if (base == 0) return raise(op, DE, 0);
  const al = reg8(RAX);
  store<u8>(AH, <u8>(al / base));
  store<u8>(AL, <u8>(al % base));
  setFlagsLogic<u8>(load<u8>(AL));
  return nextOp(op);
}
export function asciiAdjustDivide(op: usize): usize {
  const value = reg8(RAX) + <u32>load<u8>(AH) * (<u32>opImm(op) & 0xff);
  setReg16(RAX, value & 0xff);
  setFlagsLogic<u8>(<u8>value);
  return nextOp(op);
}
export function setAlFromCarry(op: usize): usize {
  store<u8>(AL, getCF() ? 0xff : 0);
  return nextOp(op);
}

/** XLAT. */
export function translateTable(op: usize): usize {
  const offset = (reg64(RBX) + <u64>reg8(RAX)) & addressMask(opAddressSize(op));
  const p = readPointer<u8>(linear(opSegment(op), offset, 1, false));
  if (!p) return deliverOpFault(op);
  store<u8>(AL, load<u8>(p));
  return nextOp(op);
}
