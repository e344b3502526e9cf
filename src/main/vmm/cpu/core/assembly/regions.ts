import { PAGE_CODE, PAGE_READ, PAGE_WRITE } from '../../../memory/layout';
import {
  BOUNCE, CLASS_PORT, CODE_PAGE_HEADER, COUNT_REGION_BEHIND, COUNT_REGION_ENTERED, COUNT_REGION_FOR, COUNT_REGION_INSTRUCTION, COUNT_REGION_MISS,
  COUNT_REGION_PAUSE, COUNT_REGION_STEP, COUNT_REGION_TO_CODE, COUNT_REGION_TO_REGION, COUNT_TLB_MISS, COUNTERS, FLAGS_AUX, FLAGS_RESULT, ITLB_KEY, KIND_ADD, KIND_DEC, KIND_INC, KIND_LOGIC, KIND_SETTLED, KIND_STORED, KIND_SUB, MISSES_TOLD, OP_SIZE,
  OPS, REGION_BUDGET, REGION_FLAGS_A, REGION_FLAGS_B, REGION_FLAGS_KIND, REGION_USE_COUNT, REGION_USES, REGION_LOOKUP, REGION_MISS, REGION_MISS_COUNT, REGION_MISSES, REGION_PAUSE, RIP, TLB_USER_ALIGNED,
} from '../layout'; // prettier-ignore
import { add, sub } from './alu';
import { hotSpot, regionMisses } from './bus';
import { enterPage, linearRip, lookup, opAtHand } from './code-cache';
import { codeEpoch, isForgottenBy } from './code-invalidate';
import { watchesPage } from './debug';
import { AUX_AF, AUX_CF, setFlagsCells, setFlagsLogic } from './flags';
import { single } from './generated/main-loop';
import { CASE_CLASSES } from './generated/tables';
import { beforeWrite, hostPage, pageEntry } from './physical';
import { currentPrivilege } from './privilege';
import { OP_PAGE_END, OP_REGION } from './pseudo-ops';
import { count, countMany, longModeActive, opOffset, opRip, pendingEvents } from './state';
import { isolated } from './step';
import { fillData, instructionSlot, knownData, readTable, writeTable } from './tlb';
import { ACCESS_READ, ACCESS_WRITE, globalPage, physical, translate } from './walk';

/**
 * The core's side of translated regions (docs/translator.md). A region is a function of the module's table that takes
 * the number of the entry it starts at. It leaves registers and flags in memory and answers with the op to go on with,
 * or with REGION_LOOKUP or REGION_STEP and RIP stored.
 */

/** Whether the budget was used up on the way from one region to the next. */
let betweenRegions: bool = false;

/** Runs the region an op stands for, and those it leads to, also through instructions it leaves to the interpreter; the next op. */
export function runRegion(op: usize): usize {
  const before = load<i32>(REGION_BUDGET);
  countUse(load<u32>(op, 8));
  offerFlags();
  let interpreted: i32 = 0;
  let next: usize = 0;
  let region: u32 = 0;
  do {
    count(COUNT_REGION_ENTERED);
    region = load<u32>(op, 8);
    next = call_indirect<usize>(region, load<u32>(op, 12));
    if (next > <usize>REGION_PAUSE) {
      // Flags that are stored already come from an instruction that the core has executed: the op is the one behind it.
      if (!takeFlags()) count(COUNT_REGION_BEHIND);
      else {
        const left = next;
        countLeftTo(left);
        if (!pendingEvents()) next = single(left);
        if (next != left) interpreted += OP_SIZE;
      }
      if (load<u16>(next) != OP_REGION || pendingEvents()) break;
      offerFlags();
      op = next;
    } else {
      if (next != <usize>REGION_LOOKUP) break;
      const rip = load<u64>(RIP);
      op = opAtHand(rip);
      if (!op) break;
      enterPage(rip);
      next = op;
    }
  } while (load<u16>(op) == OP_REGION && load<i32>(REGION_BUDGET) > interpreted);
  takeFlags();
  countMany(COUNT_REGION_INSTRUCTION, (before - load<i32>(REGION_BUDGET)) / OP_SIZE);
  store<i32>(REGION_BUDGET, load<i32>(REGION_BUDGET) - interpreted);
  betweenRegions = next > <usize>REGION_PAUSE;
  if (betweenRegions) return next;
  const rip = load<u64>(RIP);
  if (next == <usize>REGION_LOOKUP) return lookup(rip);
  if (next == <usize>REGION_PAUSE) {
    count(COUNT_REGION_PAUSE);
    return lookup(rip);
  }
  count(COUNT_REGION_STEP);
  if (next == <usize>REGION_MISS) {
    count(COUNT_REGION_MISS);
    noteMiss(region, rip);
    return interpretAt(rip);
  }
  const at = interpretAt(rip);
  count(COUNT_REGION_FOR + classOf(at));
  return at;
}

function classOf(op: usize): u32 {
  return load<u8>(CASE_CLASSES + <usize>load<u16>(op));
}

/** Counts what an op is that a region is left to. */
function countLeftTo(op: usize): void {
  const kind = classOf(op);
  if (load<u16>(op) == OP_REGION) count(COUNT_REGION_TO_REGION);
  else if (kind < <u32>CLASS_PORT) count(COUNT_REGION_TO_CODE);
  else count(COUNT_REGION_FOR + kind);
}

/** Hands the flags to the region that is about to run. */
function offerFlags(): void {
  store<u32>(REGION_FLAGS_KIND, KIND_SETTLED);
  store<u64>(REGION_FLAGS_A, load<u64>(FLAGS_RESULT));
  store<u64>(REGION_FLAGS_B, load<u32>(FLAGS_AUX));
}

/** Brings the flags a region has left behind to where the interpreter keeps them; false if they were there. */
function takeFlags(): bool {
  const kind = load<u32>(REGION_FLAGS_KIND);
  if (kind == KIND_STORED) return false;
  settleFlags(kind, load<u64>(REGION_FLAGS_A), load<u64>(REGION_FLAGS_B));
  store<u32>(REGION_FLAGS_KIND, KIND_STORED);
  return true;
}

// @ts-ignore: decorator
@inline function countUse(region: u32): void {
  const counter: usize = REGION_USES + ((region & (REGION_USE_COUNT - 1)) << 2);
  store<u32>(counter, load<u32>(counter) + 1);
}

/** Counts what a region is left for by instruction, and tells of one that makes it leave again and again. */
function noteMiss(region: u32, rip: u64): void {
  const cell: usize = REGION_MISSES + ((((<u32>rip * 0x9e37_79b1) >>> 16) & (REGION_MISS_COUNT - 1)) << 3);
  const misses = load<u32>(cell) == <u32>rip ? load<u32>(cell, 4) + 1 : 1;
  store<u32>(cell, <u32>rip);
  store<u32>(cell, misses, 4);
  if (misses < load<u32>(MISSES_TOLD)) return;
  store<u32>(cell, 0, 4);
  const address = linearRip(rip);
  const page = codePageAt(address);
  if (page) regionMisses(region, page, <u32>address & 0xfff);
}

/** Code page of a linear address, if the instruction TLB knows it, or 0. */
function codePageAt(address: u64): usize {
  const entry = instructionSlot(address);
  const known = load<u64>(entry) == ((address & ~0xfff) | <u64>load<u32>(ITLB_KEY));
  return known ? load<u32>(entry, 8) - CODE_PAGE_HEADER : 0;
}

/** The interpreter goes on at an instruction that a region leaves to it: by its op, unless that leads to a region. */
function interpretAt(rip: u64): usize {
  const op = opAtHand(rip);
  if (!op || load<u16>(op) == OP_REGION) return isolated(rip);
  enterPage(rip);
  return op;
}

/** Regions entered when the main loop was last looked at. */
let enteredBefore: u32 = 0;

/** Tells where the main loop is, now and then: in code that is not translated, or on the way between two regions. */
export function sample(op: usize): void {
  const entered = load<u32>(COUNTERS + COUNT_REGION_ENTERED * 8);
  const crossings = entered - enteredBefore;
  enteredBefore = entered;
  const id = load<u16>(op);
  const translated = id == OP_REGION;
  if (op < <usize>OPS || id == OP_PAGE_END || (translated && !betweenRegions)) return;
  const page = codePageAt(linearRip(opRip(op)));
  if (page) hotSpot(page, opOffset(op), translated ? crossings : 0);
}

/**
 * Executes one instruction for a region, which has written its registers back: 0 if it goes on with the instruction
 * behind it, else the op to leave to.
 * @param behind op of the instruction behind one that looks up anew where it goes on, since it may be elsewhere; else 0
 */
export function executeSingle(op: usize, behind: usize): usize {
  const before = codeEpoch;
  const next = single(op);
  return (next == op + OP_SIZE || next == behind) && codeEpoch == before && !pendingEvents() ? 0 : next;
}

/**
 * Host pointer for reading what the TLB does not know, or 0: a fault or a device, which the instruction executed on its
 * own will meet again.
 */
export function readCold(address: u64, bytes: u32): usize {
  const privilege = currentPrivilege();
  if (privilege == TLB_USER_ALIGNED || watchesPage(address)) return 0;
  const first: u32 = 4096 - (<u32>address & 0xfff);
  return first < bytes ? readSplit(address, first, bytes, privilege) : readable(address, bytes, privilege);
}

/** An operand across two pages, gathered in BOUNCE; 0 unless both are memory. */
function readSplit(address: u64, first: u32, bytes: u32, privilege: u32): usize {
  const second = pageBehind(address, first);
  if (watchesPage(second)) return 0;
  const low = readable(address, first, privilege);
  if (!low) return 0;
  const high = readable(second, bytes - first, privilege);
  return high ? gather(low, first, high, bytes) : 0;
}

/** Brings the two parts of an operand together in BOUNCE. */
function gather(low: usize, first: u32, high: usize, bytes: u32): usize {
  memory.copy(BOUNCE, low, first);
  memory.copy(BOUNCE + first, high, bytes - first);
  return BOUNCE;
}

/** Linear address of the second page of an operand, so many bytes on. */
function pageBehind(address: u64, first: u32): u64 {
  const beyond = address + <u64>first;
  return longModeActive() ? beyond : beyond & 0xffff_ffff;
}

/** Host pointer to read bytes of one page, or 0. */
function readable(address: u64, bytes: u32, privilege: u32): usize {
  const known = knownData(readTable(privilege), address, bytes);
  if (known) return known;
  count(COUNT_TLB_MISS);
  if (!translate(address, ACCESS_READ, privilege)) return 0;
  const entry = pageEntry(physical);
  if (!(entry & PAGE_READ)) return 0;
  fillData(readTable(privilege), address, hostPage(entry), globalPage);
  return hostPage(entry) + (<u32>address & 0xfff);
}

/** The same for writing; also 0 where code was decoded from. */
export function writeCold(address: u64, bytes: u32): usize {
  const privilege = currentPrivilege();
  if (privilege == TLB_USER_ALIGNED || watchesPage(address)) return 0;
  const first: u32 = 4096 - (<u32>address & 0xfff);
  if (first < bytes) return writeSplit(address, first, bytes, privilege);
  count(COUNT_TLB_MISS);
  if (!translate(address, ACCESS_WRITE, privilege)) return 0;
  const entry = pageEntry(physical);
  if (!(entry & PAGE_WRITE)) return 0;
  if (entry & PAGE_CODE) {
    if (isForgottenBy(<u32>physical, bytes)) return 0;
    beforeWrite(entry);
  } else {
    beforeWrite(entry);
    fillData(writeTable(privilege), address, hostPage(entry), globalPage);
  }
  return hostPage(entry) + (<u32>address & 0xfff);
}

// Where BOUNCE goes to by commitSplit, and its length.
let splitLow: usize = 0;
let splitFirst: u32 = 0;
let splitHigh: usize = 0;
let splitBytes: u32 = 0;

/** An operand across two pages for reading and writing: BOUNCE holds it, {@link commitSplit} stores it; 0 unless both are plain memory. */
function writeSplit(address: u64, first: u32, bytes: u32, privilege: u32): usize {
  const second = pageBehind(address, first);
  if (watchesPage(second)) return 0;
  splitLow = writable(address, first, privilege);
  if (!splitLow) return 0;
  splitHigh = writable(second, bytes - first, privilege);
  if (!splitHigh) return 0;
  splitFirst = first;
  splitBytes = bytes;
  return gather(splitLow, first, splitHigh, bytes);
}

/** Host pointer to write bytes of one page that holds no code, or 0. */
function writable(address: u64, bytes: u32, privilege: u32): usize {
  const known = knownData(writeTable(privilege), address, bytes);
  if (known) return known;
  count(COUNT_TLB_MISS);
  if (!translate(address, ACCESS_WRITE, privilege)) return 0;
  const entry = pageEntry(physical);
  if (!(entry & PAGE_WRITE) || entry & PAGE_CODE) return 0;
  beforeWrite(entry);
  fillData(writeTable(privilege), address, hostPage(entry), globalPage);
  return hostPage(entry) + (<u32>address & 0xfff);
}

/** Stores an operand across two pages that an instruction has written to BOUNCE. */
export function commitSplit(): void {
  memory.copy(splitLow, BOUNCE, splitFirst);
  memory.copy(splitHigh, BOUNCE + splitFirst, splitBytes - splitFirst);
}

/** Stores the flags of a kind (KIND_*) and two values. */
export function settleFlags(kind: u32, a: u64, b: u64): void {
  if (kind == KIND_SETTLED) {
    store<u64>(FLAGS_RESULT, a);
    store<u32>(FLAGS_AUX, <u32>b);
    return;
  }
  const group = kind & ~3;
  const size = kind & 3;
  if (size == 0) settle<u8>(group, <u8>a, b);
  else if (size == 1) settle<u16>(group, <u16>a, b);
  else if (size == 2) settle<u32>(group, <u32>a, b);
  else settle<u64>(group, a, b);
}

function settle<T>(group: u32, a: T, b: u64): void {
  if (group == KIND_ADD) add<T>(a, <T>b);
  else if (group == KIND_SUB) sub<T>(a, <T>b);
  else if (group == KIND_LOGIC) setFlagsLogic<T>(a);
  else settleStep<T>(a, <u32>b & 1, group == KIND_INC);
}

/** Flags of an increment or decrement by its result. */
function settleStep<T>(result: T, cf: u32, up: bool): void {
  const limit = <T>(<T>1 << <T>(sizeof<T>() * 8 - 1));
  const af = (<u32>result & 15) == <u32>(up ? 0 : 15);
  const overflow: u32 = result == (up ? limit : <T>(limit - 1)) ? 1 : 0;
  setFlagsCells<T>(result, (cf << 31) | ((cf ^ overflow) << 30) | (af ? AUX_AF : 0));
}

/** CF of such flags. */
export function carryOf(kind: u32, a: u64, b: u64): u32 {
  if (kind == KIND_SETTLED) return (<u32>b & AUX_CF) >>> 31;
  const group = kind & ~3;
  if (group == KIND_LOGIC) return 0;
  if (group == KIND_INC || group == KIND_DEC) return <u32>b & 1;
  const bits = <u64>8 << (kind & 3);
  const mask = u64.MAX_VALUE >>> (64 - bits);
  const left = a & mask;
  const right = b & mask;
  return group == KIND_SUB ? (left < right ? 1 : 0) : ((left + right) & mask) < left ? 1 : 0;
}
