import { BOUNCE, FLAGS_AUX, FLAGS_RESULT, REGS } from '../../layout';
import { adc, add, and, cmp, dec, inc, neg, not, or, sbb, sub, xor } from '../alu';
import { deliverOpFault, raise } from '../exceptions';
import { updateArithmeticFlags } from '../flags';
import { commit, modifyPointer, rmModify, rmStore, writeAddress } from '../memory';
import { cellA, FLAG_ZF, GP, nextOp, opImm, opIsMemory, putReg, RAX, RBX, RCX, RDX, reg32, reg64, setReg32, setReg64 } from '../state'; // prettier-ignore

/**
 * Exchanges, and read-modify-write under LOCK. On aligned RAM these are WebAssembly atomics, so that other vCPUs and
 * devices see them whole; what crosses alignment or lies in a device goes plainly.
 */
function atomicAt<T>(p: usize): bool {
  return p != BOUNCE && (p & (sizeof<T>() - 1)) == 0;
}

/** Replaces `expected` by `value`; what was there. */
function replace<T>(p: usize, expected: T, value: T): T {
  if (atomicAt<T>(p)) return atomic.cmpxchg<T>(p, expected, value);
  const old = load<T>(p);
  if (old == expected) {
    store<T>(p, value);
    commit(p);
  }
  return old;
}

const SET: u32 = 1;
const RESET: u32 = 2;

/** BTS, BTR, BTC (kinds 1, 2, 3) in memory; the value before. */
export function storeLocked<T>(p: usize, bit: T, kind: u32): T {
  const mask = <T>(<T>1 << bit);
  while (true) {
    const old = load<T>(p);
    const value = kind == SET ? <T>(old | mask) : kind == RESET ? <T>(old & ~mask) : <T>(old ^ mask);
    if (replace<T>(p, old, value) == old) return old;
  }
}

export function exchange<T>(op: usize): usize {
  const p = rmModify<T>(op);
  if (!p) return deliverOpFault(op);
  const value = load<T>(cellA(op));
  let old: T;
  if (opIsMemory(op) && atomicAt<T>(p)) {
    old = atomic.xchg<T>(p, value);
  } else {
    old = load<T>(p);
    rmStore<T>(op, p, value);
  }
  putReg<T>(cellA(op), old);
  return nextOp(op);
}
/** 90h is XCHG rAX, rAX: no operation, not even on the upper half. */
export function exchangeAccumulator<T>(op: usize): usize {
  const cell = cellA(op);
  if (cell == REGS) return nextOp(op);
  const old = load<T>(cell);
  putReg<T>(cell, load<T>(REGS));
  putReg<T>(REGS, old);
  return nextOp(op);
}

export function compareExchange<T>(op: usize): usize {
  const p = rmModify<T>(op);
  if (!p) return deliverOpFault(op);
  const expected = load<T>(REGS);
  if (!opIsMemory(op)) {
    const old = load<T>(p);
    cmp<T>(expected, old);
    if (old == expected) rmStore<T>(op, p, load<T>(cellA(op)));
    else putReg<T>(REGS, old);
    return nextOp(op);
  }
  const old = replace<T>(p, expected, load<T>(cellA(op)));
  cmp<T>(expected, old);
  if (old != expected) putReg<T>(REGS, old);
  return nextOp(op);
}

function compareExchange8(op: usize): usize {
  const p = modifyPointer<u64>(writeAddress<u64>(op));
  if (!p) return deliverOpFault(op);
  const expected = (<u64>reg32(RDX) << 32) | <u64>reg32(RAX);
  const old = replace<u64>(p, expected, (<u64>reg32(RCX) << 32) | <u64>reg32(RBX));
  if (old != expected) {
    setReg32(RAX, <u32>old);
    setReg32(RDX, <u32>(old >>> 32));
  }
  updateArithmeticFlags(old == expected ? FLAG_ZF : 0, FLAG_ZF);
  return nextOp(op);
}
function compareExchange16(op: usize): usize {
  const address = writeAddress<v128>(op);
  if (address & 15) return raise(op, GP, 0);
  const p = modifyPointer<v128>(address);
  if (!p) return deliverOpFault(op);
  const low = load<u64>(p);
  const high = load<u64>(p, 8);
  const equal = low == reg64(RAX) && high == reg64(RDX);
  if (equal) {
    store<u64>(p, reg64(RBX));
    store<u64>(p, reg64(RCX), 8);
  } else {
    setReg64(RAX, low);
    setReg64(RDX, high);
  }
  commit(p);
  updateArithmeticFlags(equal ? FLAG_ZF : 0, FLAG_ZF);
  return nextOp(op);
}

/** CMPXCHG8B, with REX.W CMPXCHG16B. */
export function compareExchangePair<T>(op: usize): usize {
  return sizeof<T>() == 8 ? compareExchange16(op) : compareExchange8(op);
}

export function exchangeAdd<T>(op: usize): usize {
  const p = rmModify<T>(op);
  if (!p) return deliverOpFault(op);
  const old = load<T>(p);
  const value = add<T>(old, load<T>(cellA(op)));
  putReg<T>(cellA(op), old);
  rmStore<T>(op, p, value);
  return nextOp(op);
}
export function lockedXadd<T>(op: usize): usize {
  const p = rmModify<T>(op);
  if (!p) return deliverOpFault(op);
  const value = load<T>(cellA(op));
  const old = atomicAt<T>(p) ? atomic.add<T>(p, value) : load<T>(p);
  const sum = add<T>(old, value);
  if (!atomicAt<T>(p)) rmStore<T>(op, p, sum);
  putReg<T>(cellA(op), old);
  return nextOp(op);
}

// Which read-modify-write: in the order of the arithmetic opcodes, then the one-operand ones.
const ADD: u32 = 0;
const OR: u32 = 1;
const ADC: u32 = 2;
const SBB: u32 = 3;
const AND: u32 = 4;
const SUB: u32 = 5;
const XOR: u32 = 6;
const INC: u32 = 7;
const DEC: u32 = 8;
const NOT: u32 = 9;
const NEG: u32 = 10;

function compute<T>(kind: u32, a: T, b: T): T {
  switch (kind) {
    case ADD: return add<T>(a, b);
    case OR: return or<T>(a, b);
    case AND: return and<T>(a, b);
    case SUB: return sub<T>(a, b);
    case XOR: return xor<T>(a, b);
    case INC: return inc<T>(a);
    case DEC: return dec<T>(a);
    case NOT: return not<T>(a);
    case NEG: return neg<T>(a);
    case ADC: return adc<T>(a, b);
    default: return sbb<T>(a, b);
  }
}

function locked<T>(op: usize, kind: u32, b: T): usize {
  const p = modifyPointer<T>(writeAddress<T>(op));
  if (!p) return deliverOpFault(op);
  const result = load<i64>(FLAGS_RESULT);
  const aux = load<u32>(FLAGS_AUX);
  while (true) {
    const old = load<T>(p);
    if (replace<T>(p, old, compute<T>(kind, old, b)) == old) return nextOp(op);
    // Somebody was faster: the carry this one starts from must be the program's.
    store<i64>(FLAGS_RESULT, result);
    store<u32>(FLAGS_AUX, aux);
  }
}

export function lockedAdd<T>(op: usize): usize {
  return locked<T>(op, ADD, load<T>(cellA(op)));
}
export function lockedAddImmediate<T>(op: usize): usize {
  return locked<T>(op, ADD, <T>opImm(op));
}
export function lockedOr<T>(op: usize): usize {
  return locked<T>(op, OR, load<T>(cellA(op)));
}
export function lockedOrImmediate<T>(op: usize): usize {
  return locked<T>(op, OR, <T>opImm(op));
}
export function lockedAdc<T>(op: usize): usize {
  return locked<T>(op, ADC, load<T>(cellA(op)));
}
export function lockedAdcImmediate<T>(op: usize): usize {
  return locked<T>(op, ADC, <T>opImm(op));
}
export function lockedSbb<T>(op: usize): usize {
  return locked<T>(op, SBB, load<T>(cellA(op)));
}
export function lockedSbbImmediate<T>(op: usize): usize {
  return locked<T>(op, SBB, <T>opImm(op));
}
export function lockedAnd<T>(op: usize): usize {
  return locked<T>(op, AND, load<T>(cellA(op)));
}
export function lockedAndImmediate<T>(op: usize): usize {
  return locked<T>(op, AND, <T>opImm(op));
}
export function lockedSub<T>(op: usize): usize {
  return locked<T>(op, SUB, load<T>(cellA(op)));
}
export function lockedSubImmediate<T>(op: usize): usize {
  return locked<T>(op, SUB, <T>opImm(op));
}
export function lockedXor<T>(op: usize): usize {
  return locked<T>(op, XOR, load<T>(cellA(op)));
}
export function lockedXorImmediate<T>(op: usize): usize {
  return locked<T>(op, XOR, <T>opImm(op));
}
export function lockedInc<T>(op: usize): usize {
  return locked<T>(op, INC, 0);
}
export function lockedDec<T>(op: usize): usize {
  return locked<T>(op, DEC, 0);
}
export function lockedNot<T>(op: usize): usize {
  return locked<T>(op, NOT, 0);
}
export function lockedNeg<T>(op: usize): usize {
  return locked<T>(op, NEG, 0);
}
