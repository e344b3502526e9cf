import { IE } from '../fp/state';
import { BIAS } from '../softfloat/rounding';
import { FINITE, ZERO } from '../softfloat/unpacked';
import { begin, concludeStore, noteRounding, raise, roundingMode } from './extended';
import { magnitudeOfA } from './integers';
import { aKind, aSign, loadA } from './operands';
import { isEmpty, push, roomToPush, setC1, st, underflow } from './stack';

/** FBLD and FBSTP: 18 packed decimal digits and a sign byte (SDM vol. 1, 4.7). */

const DIGIT_BYTES: i32 = 9;
const LARGEST: u64 = 999_999_999_999_999_999;

export function loadDecimal(memory: usize): void {
  if (!roomToPush()) return;
  setC1(false);
  let value: u64 = 0;
  for (let i = DIGIT_BYTES - 1; i >= 0; i--) {
    const pair = <u64>load<u8>(memory + i);
    value = value * 100 + (pair >> 4) * 10 + (pair & 15);
  }
  const sign = <u32>(load<u8>(memory, 9) >> 7) << 15;
  if (value == 0) {
    push(sign, 0);
    return;
  }
  const shift = clz(value);
  push(sign | <u32>(BIAS + 63 - <i32>shift), value << shift);
}

function storeIndefinite(memory: usize): void {
  store<u64>(memory, 0xc000_0000_0000_0000);
  store<u16>(memory, 0xffff, 8);
}

function storeDigits(memory: usize, value: u64, sign: u32): void {
  for (let i = 0; i < DIGIT_BYTES; i++) {
    const pair = value % 100;
    value /= 100;
    store<u8>(memory + i, <u8>(((pair / 10) << 4) | (pair % 10)));
  }
  store<u8>(memory, <u8>(sign << 7), 9);
}

/** Returns whether the store, and the pop, may happen. */
export function storeDecimal(memory: usize): bool {
  if (isEmpty(0)) {
    if (!underflow()) return false;
    storeIndefinite(memory);
    return true;
  }
  loadA(st(0));
  begin();
  const magnitude = aKind == FINITE || aKind == ZERO ? magnitudeOfA(roundingMode()) : LARGEST + 1;
  const fits = magnitude <= LARGEST;
  if (!fits) raise(IE);
  else if (aKind == FINITE) noteRounding();
  if (!concludeStore()) return false;
  if (fits) storeDigits(memory, magnitude, aSign);
  else storeIndefinite(memory);
  return true;
}
