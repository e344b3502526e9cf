import {
  COUNT_HALT, EVENT_EXIT, EVENT_INTERRUPT, EVENT_NMI, EVENT_STEP, EXIT_BUDGET, EXIT_HALT, EXIT_INTERRUPTED,
  EXIT_OP, EXIT_REASON, HALTED, INSTRUCTIONS, OP_SIZE, PAGE_RIP, RIP, SAMPLE_INTERVAL, SHADOW, STEP_OPS, STEPPING,
} from '../layout'; // prettier-ignore
import { acknowledgeInterrupt } from './bus';
import { lookup } from './code-cache';
import { sample } from './regions';
import { finishStep, stepAt, stepDone } from './step';
import { deliverExternal, deliverNmi } from './exceptions';
import { execute } from './generated/main-loop';
import { OP_EXIT, OP_PAGE_END, OP_STEP_DONE } from './pseudo-ops';
import { count, dropEvent, opRip, pendingEvents, raiseEvent, ripMask, setRip } from './state';

/** Entering, leaving and interrupting the main loop. */

/** Runs about `budget` instructions, at most MAX_BUDGET; the EXIT_* reason. */
export function run(budget: i32): i32 {
  store<u32>(EXIT_REASON, EXIT_BUDGET);
  const bytes = budget * OP_SIZE;
  reserve = bytes;
  const used = (bytes - execute(grant()) - reserve) / OP_SIZE;
  store<u64>(INSTRUCTIONS, load<u64>(INSTRUCTIONS) + <u64>(used > 0 ? used : 0));
  return load<i32>(EXIT_REASON);
}

/** What a run has left besides the part of its budget that the main loop knows of, in bytes of ops. */
let reserve: i32 = 0;
/** Granted since the main loop last asked. */
let granted: i32 = 0;

/** The next part of the reserve: all of it, or as much as lies between two samples. */
function grant(): i32 {
  const interval = load<i32>(SAMPLE_INTERVAL);
  const part = interval && interval < reserve ? interval : reserve;
  reserve -= part;
  return part;
}

/** Budget for the main loop to go on with. */
export function takeGrant(): i32 {
  const part = granted;
  granted = 0;
  return part;
}

/** The op that leaves the loop. RIP must be stored. */
export function exit(reason: u32): usize {
  store<u32>(EXIT_REASON, reason);
  store<u16>(EXIT_OP, OP_EXIT);
  return EXIT_OP;
}

export function startOp(): usize {
  return attend();
}

/** Instruction pointer an op stands for; the op behind a page's last instruction stands for the next page's first byte. */
function resumeRip(op: usize): u64 {
  return load<u16>(op) == OP_PAGE_END ? (load<u64>(PAGE_RIP) + 4096) & ripMask() : opRip(op);
}

/** At the end of a block with the budget used up or events pending: the op to go on with. */
export function service(next: usize, exhausted: bool): usize {
  if (load<u16>(next) == OP_EXIT) return next;
  if (exhausted && reserve > 0) {
    granted = grant();
    exhausted = false;
    sample(next);
    if (!pendingEvents()) return next;
  }
  if (next == STEP_OPS || next == STEP_OPS + OP_SIZE) {
    // A single step is about to run, or to be finished, which looks at the events; leave after it.
    if (exhausted) raiseEvent(EVENT_EXIT);
    return next;
  }
  // What ended the block was executed on its own: its successor is not in a page, so it has no address either.
  if (load<u16>(next) == OP_STEP_DONE) {
    if (exhausted) raiseEvent(EVENT_EXIT);
    return stepDone(next);
  }
  setRip(resumeRip(next));
  if (!exhausted) return attend();
  if (load<u32>(STEPPING)) {
    const trap = finishStep();
    if (trap && load<u16>(trap) == OP_EXIT) return trap;
    if (trap) setRip(opRip(trap));
  }
  return endSlice(EXIT_BUDGET);
}

/** Where STI or MOV SS was the last instruction, and which shadow it casts: kept for the end of a slice only. */
let shadowRip: u64 = 0;
let shadowCast: u32 = 0;

/**
 * Interrupts are held off until the instruction at `rip` is done. With nothing pending there is nothing to hold off now,
 * but an interrupt may come between this slice and the next.
 */
export function castShadow(kind: u32, rip: u64): void {
  if (pendingEvents()) store<u32>(SHADOW, kind);
  shadowRip = rip;
  shadowCast = kind;
}

/** Leaves between two instructions. */
function endSlice(reason: u32): usize {
  if (shadowCast && shadowRip == load<u64>(RIP)) store<u32>(SHADOW, shadowCast);
  shadowCast = 0;
  return exit(reason);
}

/** Takes what is pending, by priority (SDM vol. 3, table 6-2), and goes on at RIP. */
export function attend(): usize {
  if (load<u32>(STEPPING)) {
    const trap = finishStep();
    if (trap) return trap;
  }
  const shadow = load<u32>(SHADOW);
  const events = pendingEvents();
  if (events & EVENT_EXIT) {
    dropEvent(EVENT_EXIT);
    return endSlice(EXIT_INTERRUPTED);
  }
  if (shadow) {
    store<u32>(SHADOW, 0);
    return stepAt(load<u64>(RIP));
  }
  if (events & EVENT_NMI) {
    dropEvent(EVENT_NMI);
    store<u32>(HALTED, 0);
    return deliverNmi();
  }
  if (events & EVENT_INTERRUPT) {
    const vector = acknowledgeInterrupt();
    if (vector >= 0) {
      store<u32>(HALTED, 0);
      return deliverExternal(vector);
    }
  }
  if (load<u32>(HALTED)) return exit(EXIT_HALT);
  if (events & EVENT_STEP) return stepAt(load<u64>(RIP));
  return lookup(load<u64>(RIP));
}

/** HLT: sleeps unless something can wake it at once. */
export function halted(nextRip: u64): usize {
  count(COUNT_HALT);
  setRip(nextRip);
  store<u32>(HALTED, 1);
  return attend();
}

/** Straight-line code ran off its page. */
export function pageEnd(): usize {
  const rip = load<u64>(PAGE_RIP) + 4096;
  return lookup(rip & ripMask());
}
