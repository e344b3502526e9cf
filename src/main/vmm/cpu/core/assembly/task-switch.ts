import { COUNT_TASK_SWITCH, EFLAGS, GDTR, RIP } from '../layout';
import { systemModify, systemRead, systemWrite } from './access';
import { loadTaskCr3, setTaskSwitched } from './control';
import { DR6_BT, dr6, dr7, setDr6, setDr7 } from './debug';
import { getFlags, setFlags } from './flags';
import { commit } from './memory';
import { push } from './ops/stack';
import { setCpl, updateMode } from './privilege';
import {
  descriptorBase, descriptorDpl, descriptorIsCode, descriptorIsConforming, descriptorIsStack, descriptorIsSystem,
  descriptorLimit, descriptorPresent, descriptorType, fetchDescriptor, high, low, markAccessed,
  selectorFault, setCodeSegment, setNullSegment, setRealSegment, setSegment, setSegmentFromDescriptor,
} from './segments'; // prettier-ignore
import {
  count, cpl, CS, DS, ES, FLAG_NT, FLAG_VM, FS, GP, gpFault, GS, LDTR, NP, reg32, segAttributes, segBase, segLimit,
  selector, setReg32, setRip, SS, SS_FAULT, TR, TS,
} from './state'; // prettier-ignore

/** Task switching (SDM vol. 3, 7.3), for 16- and 32-bit task-state segments. */

// What causes the switch.
export const BY_JMP: u32 = 0;
export const BY_CALL: u32 = 1;
export const BY_INTERRUPT: u32 = 2;
export const BY_IRET: u32 = 3;

const TYPE_WIDE: u32 = 8;
const TYPE_BUSY: u32 = 2;
const HIGH_BUSY: u32 = 1 << 9;

// Fields of the 32-bit TSS (figure 7-2).
const WIDE_CR3: u32 = 0x1c;
const WIDE_EIP: u32 = 0x20;
const WIDE_SEGMENTS: u32 = 0x48;
const WIDE_LDT: u32 = 0x60;
const WIDE_TRAP: u32 = 0x64;
const WIDE_LIMIT: u32 = 0x67;
// Fields of the 16-bit TSS (figure 7-10).
const NARROW_IP: u32 = 0x0e;
const NARROW_SEGMENTS: u32 = 0x22;
const NARROW_LDT: u32 = 0x2a;
const NARROW_LIMIT: u32 = 0x2b;

// The incoming task, read whole before anything changes: EIP, EFLAGS, eight registers, six segments, LDT, CR3, trap.
const image: usize = memory.data(18 * 4, 4);
const IMAGE_FLAGS: usize = 4;
const IMAGE_REGISTERS: usize = 8;
const IMAGE_SEGMENTS: usize = 40;
const IMAGE_LDT: usize = 64;
let incomingCr3: u32 = 0;
let incomingTrap: bool = false;
let trap: bool = false;

/** The switch has reached the incoming task: a fault from there on is that task's, at its instruction pointer. */
let arrived: bool = false;

/** Whether the fault just noted belongs to a task switched to. Asked once. */
export function faultInNewTask(): bool {
  const answer = arrived;
  arrived = false;
  return answer;
}

/** Whether the task just switched to asks for a debug trap before its first instruction. Asked once. */
export function taskTrapPending(): bool {
  const answer = trap;
  trap = false;
  return answer;
}

function field(base: u64, offset: u32, wide: bool): i64 {
  const p = systemRead((base + <u64>offset) & 0xffff_ffff, wide ? 4 : 2);
  if (!p) return -1;
  return wide ? <i64>load<u32>(p) : <i64>load<u16>(p);
}
function putField(base: u64, offset: u32, value: u32, wide: bool): bool {
  const p = systemWrite((base + <u64>offset) & 0xffff_ffff, wide ? 4 : 2);
  if (!p) return false;
  if (wide) store<u32>(p, value);
  else store<u16>(p, value);
  commit(p);
  return true;
}

/**
 * Switches to the task of a TSS selector.
 * @param nextRip where the outgoing task goes on
 * @param hasError an exception that came through a task gate pushes `error` on the new stack
 * @returns false with a fault noted; before the new state is loaded it belongs to the outgoing task
 */
export function taskSwitch(target: u32, cause: u32, nextRip: u32, hasError: bool, error: u32): bool {
  trap = false;
  if (!checkTarget(target, cause)) return false;
  count(COUNT_TASK_SWITCH);
  const targetLow = low;
  const targetHigh = high;
  const base = <u64>descriptorBase(targetLow, targetHigh);
  const wide = (descriptorType(targetHigh) & TYPE_WIDE) != 0;
  if (!readImage(base, wide) || !saveOutgoing(nextRip, cause)) return false;
  const outgoing = selector(TR);
  if (cause == BY_JMP || cause == BY_IRET) if (!setBusy(outgoing, false)) return false;
  if (cause == BY_CALL || cause == BY_INTERRUPT) {
    if (!putField(base, 0, outgoing, false)) return false;
    store<u32>(image, load<u32>(image, IMAGE_FLAGS) | FLAG_NT, IMAGE_FLAGS);
  }
  if (cause != BY_IRET && !setBusy(target, true)) return false;
  const attributes = ((targetHigh >>> 8) & 0xffff) | TYPE_BUSY;
  setSegment(TR, target, base, descriptorLimit(targetLow, targetHigh), attributes);
  setTaskSwitched();
  // Local breakpoints end with the task.
  setDr7(dr7() & ~0x155);
  if (wide) loadTaskCr3(incomingCr3);
  loadRegisters(wide);
  arrived = true;
  if (!loadSegments()) return false;
  if (hasError && !(wide ? push<u32>(error) : push<u16>(<u16>error))) return false;
  arrived = false;
  trap = incomingTrap;
  if (trap) setDr6(dr6() | DR6_BT);
  return true;
}

/** The TSS must be in the GDT, present, long enough, and busy for IRET only. */
function checkTarget(target: u32, cause: u32): bool {
  const fault = cause == BY_IRET ? TS : GP;
  if (target & 4 || !(target & 0xfffc)) return selectorFault(cause == BY_JMP || cause == BY_CALL ? GP : TS, target);
  if (!fetchDescriptor(target, fault)) return false;
  const type = descriptorType(high);
  const wantsBusy = cause == BY_IRET;
  const isTss = descriptorIsSystem(high) && (type & ~(TYPE_WIDE | TYPE_BUSY)) == 1;
  if (!isTss || ((type & TYPE_BUSY) != 0) != wantsBusy) return selectorFault(fault, target);
  if (!descriptorPresent(high)) return selectorFault(NP, target);
  const needed = type & TYPE_WIDE ? WIDE_LIMIT : NARROW_LIMIT;
  return descriptorLimit(low, high) < needed ? selectorFault(TS, target) : true;
}

function readImage(base: u64, wide: bool): bool {
  const size: u32 = wide ? 4 : 2;
  const first = wide ? WIDE_EIP : NARROW_IP;
  for (let i: u32 = 0; i < 10; i++) {
    const value = field(base, first + i * size, wide);
    if (value < 0) return false;
    store<u32>(image + (i << 2), <u32>value);
  }
  const segments = wide ? WIDE_SEGMENTS : NARROW_SEGMENTS;
  for (let i: u32 = 0; i < 6; i++) {
    // The 16-bit TSS has no FS and GS.
    const value = !wide && i >= 4 ? 0 : field(base, segments + i * size, false);
    if (value < 0) return false;
    store<u32>(image + IMAGE_SEGMENTS + (i << 2), <u32>value);
  }
  const ldt = field(base, wide ? WIDE_LDT : NARROW_LDT, false);
  const cr3 = wide ? field(base, WIDE_CR3, true) : 0;
  const flags = wide ? field(base, WIDE_TRAP, false) : 0;
  if (ldt < 0 || cr3 < 0 || flags < 0) return false;
  store<u32>(image, <u32>ldt, IMAGE_LDT);
  incomingCr3 = <u32>cr3;
  incomingTrap = (flags & 1) != 0;
  return true;
}

function saveOutgoing(nextRip: u32, cause: u32): bool {
  const base = segBase(TR);
  const wide = (segAttributes(TR) & TYPE_WIDE) != 0;
  const size: u32 = wide ? 4 : 2;
  const first = wide ? WIDE_EIP : NARROW_IP;
  const flags = cause == BY_IRET ? getFlags() & ~FLAG_NT : getFlags();
  if (!putField(base, first, nextRip, wide) || !putField(base, first + size, flags, wide)) return false;
  for (let i: u32 = 0; i < 8; i++) if (!putField(base, first + (2 + i) * size, reg32(i), wide)) return false;
  const segments = wide ? WIDE_SEGMENTS : NARROW_SEGMENTS;
  const saved: u32 = wide ? 6 : 4;
  for (let i: u32 = 0; i < saved; i++) if (!putField(base, segments + i * size, selector(i), false)) return false;
  return true;
}

function setBusy(sel: u32, busy: bool): bool {
  const p = systemModify((load<u64>(GDTR) + <u64>(sel & 0xfff8) + 4) & 0xffff_ffff, 4);
  if (!p) return false;
  const value = load<u32>(p);
  store<u32>(p, busy ? value | HIGH_BUSY : value & ~HIGH_BUSY);
  commit(p);
  return true;
}

function imageSegment(index: u32): u32 {
  return load<u32>(image + IMAGE_SEGMENTS + (index << 2)) & 0xffff;
}

function loadRegisters(wide: bool): void {
  const high16: u32 = wide ? 0 : 0xffff_0000;
  for (let i: u32 = 0; i < 8; i++) setReg32(i, load<u32>(image + IMAGE_REGISTERS + (i << 2)) | high16);
  setRip(load<u32>(image));
  setFlags(load<u32>(image, IMAGE_FLAGS) | 2);
}

/** Loads selectors first, so that a fault finds them; then the descriptors, each fault a #TS of the new task. */
function loadSegments(): bool {
  if (load<u32>(EFLAGS) & FLAG_VM) {
    setCpl(3);
    for (let i: u32 = 0; i < 6; i++) setRealSegment(i, imageSegment(i));
    updateMode();
    return loadLdt();
  }
  for (let i: u32 = 0; i < 6; i++) if (i != CS) setNullSegment(i, imageSegment(i));
  if (!loadLdt() || !loadCode() || !loadStack()) return false;
  return loadData(ES) && loadData(DS) && loadData(FS) && loadData(GS) && finish();
}
function finish(): bool {
  updateMode();
  if (load<u64>(RIP) > <u64>segLimit(CS)) return gpFault(0);
  return true;
}

function loadLdt(): bool {
  const sel = load<u32>(image, IMAGE_LDT) & 0xffff;
  setNullSegment(LDTR, sel);
  if (!(sel & 0xfffc)) return true;
  if (sel & 4) return selectorFault(TS, sel);
  if (!fetchDescriptor(sel, TS)) return false;
  if (!descriptorIsSystem(high) || descriptorType(high) != 2 || !descriptorPresent(high)) return selectorFault(TS, sel);
  setSegmentFromDescriptor(LDTR, sel, low, high);
  return true;
}

function loadCode(): bool {
  const sel = imageSegment(CS);
  const rpl = sel & 3;
  setCpl(rpl);
  if (!(sel & 0xfffc)) return selectorFault(TS, sel);
  if (!fetchDescriptor(sel, TS)) return false;
  const dpl = descriptorDpl(high);
  const level = descriptorIsConforming(high) ? dpl <= rpl : dpl == rpl;
  if (descriptorIsSystem(high) || !descriptorIsCode(high) || !level) return selectorFault(TS, sel);
  if (!descriptorPresent(high)) return selectorFault(NP, sel);
  if (!markAccessed()) return false;
  setCodeSegment(sel, rpl, low, high);
  updateMode();
  return true;
}

function loadStack(): bool {
  const sel = imageSegment(SS);
  if (!(sel & 0xfffc)) return selectorFault(TS, sel);
  if (!fetchDescriptor(sel, TS)) return false;
  if (!descriptorIsStack(high) || descriptorDpl(high) != cpl() || (sel & 3) != cpl()) return selectorFault(TS, sel);
  if (!descriptorPresent(high)) return selectorFault(SS_FAULT, sel);
  if (!markAccessed()) return false;
  setSegmentFromDescriptor(SS, sel, low, high);
  updateMode();
  return true;
}

function loadData(index: u32): bool {
  const sel = imageSegment(index);
  if (!(sel & 0xfffc)) return true;
  if (!fetchDescriptor(sel, TS)) return false;
  const code = descriptorIsCode(high);
  const readable = !descriptorIsSystem(high) && (!code || (high & (1 << 9)) != 0);
  const dpl = descriptorDpl(high);
  const allowed = (code && descriptorIsConforming(high)) || (dpl >= cpl() && dpl >= (sel & 3));
  if (!readable || !allowed) return selectorFault(TS, sel);
  if (!descriptorPresent(high)) return selectorFault(NP, sel);
  if (!markAccessed()) return false;
  setSegmentFromDescriptor(index, sel, low, high);
  return true;
}
