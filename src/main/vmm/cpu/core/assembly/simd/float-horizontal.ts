import { FP_SCRATCH, FP_SCRATCH_SIZE } from '../../layout';
import { add, mul, sub } from './float';
import { beginFloat, endFloat } from './float-environment';

/** SSE3 and SSE4.1 arithmetic across elements (SDM vol. 2, HADDPS … ADDSUBPD, DPPS, DPPD). */

const RESULT: usize = FP_SCRATCH + FP_SCRATCH_SIZE - 16;
const PRODUCTS: usize = FP_SCRATCH + FP_SCRATCH_SIZE - 32;

function commit(dst: usize): bool {
  if (!endFloat()) return false;
  v128.store(dst, v128.load(RESULT));
  return true;
}

/** Neighbours of dst give the lower half of the result, those of src the upper. */
function horizontal<T>(dst: usize, src: usize, subtract: bool): bool {
  beginFloat();
  for (let at: usize = 0; at < 16; at += sizeof<T>()) {
    const pair = at < 8 ? dst + 2 * at : src + 2 * at - 16;
    const a = load<T>(pair);
    const b = load<T>(pair + sizeof<T>());
    store<T>(RESULT + at, subtract ? sub<T>(a, b) : add<T>(a, b));
  }
  return commit(dst);
}

/** Even elements are subtracted, odd ones added. */
function alternating<T>(dst: usize, src: usize): bool {
  beginFloat();
  for (let at: usize = 0; at < 16; at += sizeof<T>()) {
    const a = load<T>(dst + at);
    const b = load<T>(src + at);
    store<T>(RESULT + at, at & sizeof<T>() ? add<T>(a, b) : sub<T>(a, b));
  }
  return commit(dst);
}

export function haddps(dst: usize, src: usize): bool {
  return horizontal<u32>(dst, src, false);
}

export function haddpd(dst: usize, src: usize): bool {
  return horizontal<u64>(dst, src, false);
}

export function hsubps(dst: usize, src: usize): bool {
  return horizontal<u32>(dst, src, true);
}

export function hsubpd(dst: usize, src: usize): bool {
  return horizontal<u64>(dst, src, true);
}

export function addsubps(dst: usize, src: usize): bool {
  return alternating<u32>(dst, src);
}

export function addsubpd(dst: usize, src: usize): bool {
  return alternating<u64>(dst, src);
}

/** Products of the elements that imm 7:4 selects, +0 for the others. */
function products<T>(dst: usize, src: usize, imm: u32): bool {
  beginFloat();
  for (let i: u32 = 0; i < 16 / sizeof<T>(); i++) {
    const at = <usize>i * sizeof<T>();
    store<T>(PRODUCTS + at, (imm >> (4 + i)) & 1 ? mul<T>(load<T>(dst + at), load<T>(src + at)) : 0);
  }
  return endFloat();
}

/**
 * One level of the sum: element i becomes the sum of elements i ^ first and i ^ second, in this order, which shows
 * where NaNs meet.
 */
function pairwise<T>(first: usize, second: usize): bool {
  beginFloat();
  for (let at: usize = 0; at < 16; at += sizeof<T>()) {
    store<T>(RESULT + at, add<T>(load<T>(PRODUCTS + (at ^ first)), load<T>(PRODUCTS + (at ^ second))));
  }
  v128.store(PRODUCTS, v128.load(RESULT));
  return endFloat();
}

/** The sum where imm 3:0 selects, +0 elsewhere. */
function select<T>(dst: usize, imm: u32): void {
  for (let i: u32 = 0; i < 16 / sizeof<T>(); i++) {
    const at = <usize>i * sizeof<T>();
    store<T>(dst + at, (imm >> i) & 1 ? load<T>(PRODUCTS + at) : 0);
  }
}

/** Every level reports its exceptions before the next begins. */
export function dpps(dst: usize, src: usize, imm: u32): bool {
  if (!products<u32>(dst, src, imm) || !pairwise<u32>(4, 0) || !pairwise<u32>(0, 8)) return false;
  select<u32>(dst, imm);
  return true;
}

export function dppd(dst: usize, src: usize, imm: u32): bool {
  if (!products<u64>(dst, src, imm) || !pairwise<u64>(0, 8)) return false;
  select<u64>(dst, imm);
  return true;
}
