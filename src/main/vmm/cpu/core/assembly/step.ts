import { PAGE_READ } from '../../../memory/layout';
import {
  COUNT_STEP, EFLAGS, FETCH_BUFFER, OP_SIZE, PAGE_RIP, STEP_OPS, STEPPING, MODE_64, SHADOW,
} from '../layout'; // prettier-ignore
import { codePrivilege, linearRip } from './code-cache';
import { decode } from './decoder';
import { DR6_BS, instructionBreakpoints, setDr6, takeHits, dr6 } from './debug';
import { deliverDebugTrap, deliverFault } from './exceptions';
import { updateEventMask } from './flags';
import { attend } from './loop';
import { hostPage, pageEntry, readDevice } from './physical';
import { OP_STEP_DONE } from './pseudo-ops';
import {
  codeMode, count, CS, DB, FLAG_RF, FLAG_TF, GP, longCode, opRip, ripMask, segLimit, setFault, setRip,
} from './state'; // prettier-ignore
import { ACCESS_EXECUTE, physical, translate } from './walk';

/**
 * Instructions executed on their own: those that cross a page, lie in a device or near a segment's limit, and all of
 * them while TF or a debug register is armed or interrupts are held off for one instruction.
 */
const STEP_ACTIVE: u32 = 1;
const STEP_TRAP: u32 = 2;

/** Starts the instruction at `rip` as a single step: the loop comes back to {@link finishStep} afterwards. */
export function stepAt(rip: u64): usize {
  count(COUNT_STEP);
  setRip(rip);
  const flags = load<u32>(EFLAGS);
  const hits = flags & FLAG_RF ? 0 : instructionBreakpoints(linearRip(rip));
  if (hits) {
    setDr6((dr6() & ~0xf) | hits);
    store<u32>(STEPPING, 0);
    setFault(DB, 0);
    return deliverFault();
  }
  store<u32>(EFLAGS, flags & ~FLAG_RF);
  takeHits();
  store<u32>(STEPPING, STEP_ACTIVE | (flags & FLAG_TF ? STEP_TRAP : 0));
  updateEventMask();
  return isolated(rip);
}

/** SYSCALL and SYSRET are stepped by the trap flag they load, not the one they began with. */
export function stepByNewFlag(): void {
  const state = load<u32>(STEPPING);
  const trap = (load<u32>(EFLAGS) & FLAG_TF) != 0;
  store<u32>(STEPPING, trap ? state | STEP_ACTIVE | STEP_TRAP : state & ~STEP_TRAP);
}

/** An instruction that reaches into the next page. */
export function crossPage(op: usize): usize {
  return isolated(opRip(op));
}

/** Decodes one instruction to STEP_OPS, followed by the op that ends it. */
export function isolated(rip: u64): usize {
  setRip(rip);
  const address = linearRip(rip);
  const offset = <u32>address & 0xfff;
  const available = gather(rip, address, 15);
  if (!available) return deliverFault();
  const length = decode(FETCH_BUFFER, available, STEP_OPS, offset);
  if (!length) {
    // Cut off by a fault further on, or by the limit of the code segment.
    if (available >= 15) setFault(GP, 0);
    return deliverFault();
  }
  store<u64>(PAGE_RIP, rip - <u64>offset);
  const done: usize = STEP_OPS + OP_SIZE;
  store<u64>(done, <u64>OP_STEP_DONE);
  store<u32>(done, offset + length, 8);
  return STEP_OPS;
}

/** How many of `bytes` at an instruction pointer the code segment has. */
function withinLimit(rip: u64, bytes: u32): u32 {
  if (longCode()) return bytes;
  const end = <u64>segLimit(CS) + 1;
  return rip >= end ? 0 : <u32>min<u64>(end - rip, bytes);
}

/** Copies up to `wanted` instruction bytes to FETCH_BUFFER; how many there are before a fault (which is noted). */
function gather(rip: u64, address: u64, wanted: u32): u32 {
  const allowed = withinLimit(rip, wanted);
  let got: u32 = 0;
  while (got < allowed) {
    const at = codeMode() == MODE_64 ? address + <u64>got : (address + <u64>got) & 0xffff_ffff;
    if (!translate(at, ACCESS_EXECUTE, codePrivilege())) return got;
    const part = min<u32>(4096 - (<u32>at & 0xfff), allowed - got);
    const entry = pageEntry(physical);
    if (entry & PAGE_READ) memory.copy(FETCH_BUFFER + got, hostPage(entry) + (<u32>at & 0xfff), part);
    else for (let i: u32 = 0; i < part; i++) readDevice(physical + <u64>i, 1, FETCH_BUFFER + got + i);
    got += part;
  }
  if (got < wanted) setFault(GP, 0);
  return got;
}

/** The isolated instruction completed by falling through. */
export function stepDone(op: usize): usize {
  setRip((load<u64>(PAGE_RIP) + <u64>load<u32>(op, 8)) & ripMask());
  return attend();
}

/** Ends a single step at RIP: the handler's op if it traps, else 0. */
export function finishStep(): usize {
  const state = load<u32>(STEPPING);
  store<u32>(STEPPING, 0);
  updateEventMask();
  const hits = takeHits();
  const trap = (state & STEP_TRAP ? DR6_BS : 0) | hits;
  // MOV SS holds debug traps off until after the next instruction.
  if (!trap || load<u32>(SHADOW) == 2) return 0;
  setDr6((hits ? dr6() & ~0xf : dr6()) | trap);
  return deliverDebugTrap();
}
