import { enterPage, generation, lookup, opAtHand, validTarget } from '../code-cache';
import { deliverOpFault, deliverSoftware, raise, SOURCE_INT1, SOURCE_SOFTWARE } from '../exceptions';
import { getOF, getZF } from '../flags';
import { addressBeyond, addressMask, hostPointer, misses, opAddressSize, readAddress, readEntry, readPointer, rmRead } from '../memory';
import { BP, BR, DB, GP, iopl, nextOp, OF, opImm, opNextRip, opOffset, RCX, reg64, RSP, ripMask, setReg16, setReg64, UD, virtual8086, cellA, opLength } from '../state'; // prettier-ignore
import { EA_MASK, PAGE_RIP } from '../../layout';
import { dropFlat, dropStack, flatStack, peek, push, pushFlat, topFlat, tryPush } from './stack';
import { canonical } from '../walk';

/** Near control transfer and software interrupts. */

/** Goes to a direct jump's target, and links the op to it if it is in the same page. */
export function branch(op: usize): usize {
  const target = (load<u64>(PAGE_RIP) + <u64>(<i64>(opOffset(op) + opLength(op)) + <i64>opImm(op))) & ripMask();
  const page = load<u64>(PAGE_RIP);
  const offset = <i32>(opOffset(op) + opLength(op)) + opImm(op);
  if (offset < 0 || offset >= 4096) return jumpTo(op, target);
  const before = generation;
  const next = lookup(target);
  if (generation == before && load<u64>(PAGE_RIP) == page) store<u32>(op, <u32>next, 8);
  return next;
}

/** A near jump: to an invalid target it faults itself. */
function jumpTo(op: usize, target: u64): usize {
  const known = opAtHand(target);
  if (known) {
    enterPage(target);
    return known;
  }
  return validTarget(target) ? lookup(target) : deliverOpFault(op);
}

/** A direct jump with a 16-bit operand size: the target is cut to 16 bits. */
export function branch16(op: usize): usize {
  return jumpTo(op, (opNextRip(op) + <u64>(<i64>opImm(op))) & 0xffff);
}

function relativeTarget<T>(op: usize): u64 {
  const target = opNextRip(op) + <u64>(<i64>opImm(op));
  return sizeof<T>() == 2 ? target & 0xffff : target & ripMask();
}

export function jumpRelative<T>(op: usize): usize {
  if (sizeof<T>() == 2) return branch16(op);
  const to: usize = load<u32>(op, 8);
  return to ? to : branch(op);
}
/** A direct call on a flat stack to code at hand: the next op, or 0 with nothing done. */
// @ts-ignore: decorator
@inline export function tryCall<T>(op: usize): usize {
  const linked: usize = load<u32>(op, 8);
  const back = load<u64>(PAGE_RIP) + <u64>(opOffset(op) + opLength(op));
  if (linked) return tryPush<T>(<T>back) ? linked : 0;
  const target = <u64>(<T>(back + <u64>(<i64>opImm(op))));
  const known = opAtHand(target);
  if (!known || !tryPush<T>(<T>back)) return 0;
  enterPage(target);
  return known;
}
/** A near return likewise. */
// @ts-ignore: decorator
@inline export function tryReturn<T>(op: usize): usize {
  if (!flatStack<T>()) return 0;
  const at = reg64(RSP) & load<u64>(EA_MASK);
  const entry = readEntry(at);
  if (misses<T>(entry, at)) return 0;
  const back = <u64>load<T>(hostPointer(entry, at));
  const known = opAtHand(back);
  if (!known) return 0;
  dropFlat(sizeof<T>());
  enterPage(back);
  return known;
}
export function callRelative<T>(op: usize): usize {
  if (sizeof<T>() == 2) return callTo<T>(op, relativeTarget<T>(op));
  const to: usize = load<u32>(op, 8);
  if (to && flatStack<T>()) return pushFlat<T>(<T>opNextRip(op)) ? to : deliverOpFault(op);
  if (!to && !validTarget(relativeTarget<T>(op))) return callTo<T>(op, relativeTarget<T>(op));
  if (!push<T>(<T>opNextRip(op))) return deliverOpFault(op);
  return to ? to : branch(op);
}
export function jumpNear<T>(op: usize): usize {
  const p = rmRead<T>(op);
  return p ? jumpTo(op, <u64>load<T>(p)) : deliverOpFault(op);
}
export function callNear<T>(op: usize): usize {
  const p = rmRead<T>(op);
  if (!p) return deliverOpFault(op);
  return callTo<T>(op, <u64>load<T>(p));
}
/** The return address is pushed before the target is looked at, and stays in memory if that faults. */
function callTo<T>(op: usize, target: u64): usize {
  const pointer = reg64(RSP);
  if (!push<T>(<T>opNextRip(op))) return deliverOpFault(op);
  if (validTarget(target)) return lookup(target);
  setReg64(RSP, pointer);
  return deliverOpFault(op);
}
export function returnNear<T>(op: usize): usize {
  if (flatStack<T>()) {
    const top = topFlat<T>();
    if (!top) return deliverOpFault(op);
    const back = <u64>load<T>(top);
    if (sizeof<T>() == 8 && !canonical(back)) return raise(op, GP, 0);
    dropFlat(sizeof<T>());
    return lookup(back);
  }
  const p = peek<T>(0);
  if (!p) return deliverOpFault(op);
  const target = <u64>load<T>(p);
  if (!validTarget(target)) return deliverOpFault(op);
  dropStack(sizeof<T>());
  return lookup(target);
}
export function returnNearPop<T>(op: usize): usize {
  const p = peek<T>(0);
  if (!p) return deliverOpFault(op);
  const target = <u64>load<T>(p);
  if (!validTarget(target)) return deliverOpFault(op);
  dropStack(sizeof<T>() + <u32>opImm(op));
  return lookup(target);
}

function taken<T>(op: usize): usize {
  return sizeof<T>() == 2 ? branch16(op) : branch(op);
}

/** Counts down rCX of the address size; whether it is not zero yet. */
function countDown(op: usize): bool {
  const size = opAddressSize(op);
  const value = (reg64(RCX) - 1) & addressMask(size);
  if (size == 1) setReg16(RCX, <u32>value);
  else setReg64(RCX, value);
  return value != 0;
}
export function loop<T>(op: usize): usize {
  return countDown(op) ? taken<T>(op) : nextOp(op);
}
export function loopEqual<T>(op: usize): usize {
  return countDown(op) && getZF() ? taken<T>(op) : nextOp(op);
}
export function loopNotEqual<T>(op: usize): usize {
  return countDown(op) && !getZF() ? taken<T>(op) : nextOp(op);
}
export function jumpCxZero<T>(op: usize): usize {
  return (reg64(RCX) & addressMask(opAddressSize(op))) == 0 ? taken<T>(op) : nextOp(op);
}

export function breakpoint(op: usize): usize {
  return deliverSoftware(op, BP, SOURCE_SOFTWARE);
}
export function debugTrap(op: usize): usize {
  return deliverSoftware(op, DB, SOURCE_INT1);
}
export function softwareInterrupt(op: usize): usize {
  if (virtual8086() && iopl() < 3) return raise(op, GP, 0);
  return deliverSoftware(op, <u32>opImm(op) & 0xff, SOURCE_SOFTWARE);
}
export function interruptOnOverflow(op: usize): usize {
  return getOF() ? deliverSoftware(op, OF, SOURCE_SOFTWARE) : nextOp(op);
}
export function undefined(op: usize): usize {
  return raise(op, UD, 0);
}
export function tooLong(op: usize): usize {
  return raise(op, GP, 0);
}

export function bound<T>(op: usize): usize {
  const first = readPointer<T>(readAddress<T>(op));
  if (!first) return deliverOpFault(op);
  const lower = signed<T>(load<T>(first));
  const index = signed<T>(load<T>(cellA(op)));
  // The upper bound is not even read then.
  if (index < lower) return raise(op, BR, 0);
  const second = readPointer<T>(addressBeyond(op, sizeof<T>(), sizeof<T>()));
  if (!second) return deliverOpFault(op);
  const upper = signed<T>(load<T>(second));
  return index > upper ? raise(op, BR, 0) : nextOp(op);
}
function signed<T>(value: T): i64 {
  return sizeof<T>() == 2 ? <i64>(<i16>value) : <i64>(<i32>value);
}
