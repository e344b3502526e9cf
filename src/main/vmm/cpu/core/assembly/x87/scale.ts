import { ZE } from '../fp/state';
import { BIAS, TOP_BIT } from '../softfloat/rounding';
import { FINITE, INFINITE, ZERO } from '../softfloat/unpacked';
import { begin, commit, conclude, raise, roundResult, setInfinity, setInvalid, setZero, resultSignExponent, resultSignificand } from './extended';
import { aExponent, aKind, aSign, aSignificand, bExponent, bKind, bSign, bSignificand, loadA, loadB, reportDenormalA, reportDenormals, specialOperand, specialOperands } from './operands';
import { isEmpty, markValid, overflow, push, st, underflow, writeCell, writeIndefinite } from './stack';

/** FSCALE and FXTRACT (SDM vol. 1, 8.3.5; vol. 2, table 3-35 and FXTRACT). */

/** Beyond every exponent, wrapped or not, that rounding could still bring into range. */
const FAR: i32 = 0x1_0000;

/** B truncated to an integer and clamped. */
function integerOfB(): i32 {
  if (bKind == ZERO || bExponent < BIAS) return 0;
  const magnitude = bExponent > BIAS + 20 ? FAR : min<i32>(FAR, <i32>(bSignificand >> (63 - (bExponent - BIAS))));
  return bSign ? -magnitude : magnitude;
}

function scaled(): void {
  if (specialOperands()) return;
  const towardZero = bKind == INFINITE && bSign != 0;
  const towardInfinity = bKind == INFINITE && bSign == 0;
  if ((aKind == INFINITE && towardZero) || (aKind == ZERO && towardInfinity)) {
    setInvalid();
    return;
  }
  reportDenormals();
  if (aKind == INFINITE || (aKind == FINITE && towardInfinity)) setInfinity(aSign);
  else if (aKind == ZERO || towardZero) setZero(aSign);
  else roundResult(aSign, aExponent + integerOfB(), aSignificand, 0, 64);
}

/** ST(0) × 2^trunc(ST(1)). */
export function scale(): void {
  const cell = st(0);
  if (isEmpty(0) || isEmpty(1)) {
    if (underflow()) {
      markValid(0);
      writeIndefinite(cell);
    }
    return;
  }
  loadA(cell);
  loadB(st(1));
  begin();
  scaled();
  commit(cell);
}

/** The exponent replaces ST(0), the significand with exponent 0 is pushed. */
export function extract(): void {
  if (isEmpty(0)) {
    if (!underflow()) return;
    markValid(0);
    writeIndefinite(st(0));
    push(0, 0);
    writeIndefinite(st(0));
    return;
  }
  if (!isEmpty(7)) {
    if (!overflow()) return;
    writeIndefinite(st(0));
    push(0, 0);
    writeIndefinite(st(0));
    return;
  }
  const cell = st(0);
  loadA(cell);
  begin();
  if (specialOperand()) {
    if (!commit(cell)) return;
    push(resultSignExponent(), resultSignificand);
    return;
  }
  reportDenormalA();
  if (aKind == ZERO) raise(ZE);
  if (!conclude()) return;
  const sign = aSign << 15;
  if (aKind == ZERO) {
    writeCell(cell, 0xffff, TOP_BIT);
    push(sign, 0);
  } else if (aKind == INFINITE) {
    writeCell(cell, 0x7fff, TOP_BIT);
    push(sign | 0x7fff, TOP_BIT);
  } else {
    writeExponent(cell, aExponent - BIAS);
    push(sign | <u32>BIAS, aSignificand);
  }
}

function writeExponent(cell: usize, exponent: i32): void {
  if (exponent == 0) {
    writeCell(cell, 0, 0);
    return;
  }
  const magnitude = <u64>abs(exponent);
  const shift = clz(magnitude);
  writeCell(cell, (u32(exponent < 0) << 15) | <u32>(BIAS + 63 - <i32>shift), magnitude << shift);
}
