import {
  COUNT_EXCEPTION, COUNT_EXTERNAL_INTERRUPT, COUNT_SOFTWARE_INTERRUPT, EXIT_SHUTDOWN, FAULT_ERROR, FAULT_VECTOR,
  HALTED, NMI_MASKED, RIP, STEPPING, SHADOW,
} from '../layout'; // prettier-ignore
import { lookup } from './code-cache';
import { dr7, DR7_GD, setDr7 } from './debug';
import { updateEventMask } from './flags';
import { enterHandler } from './interrupts';
import { attend, exit } from './loop';
import { faultInNewTask, taskTrapPending } from './task-switch';
import { takeRefused } from './walk';
import {
  AC, count, cr0, CR0_NE, DB, DE, DF, GP, MF, NMI, opIsMemory, opNextRip, opRip, opSegment, PF, RBP, RSP, setFault, setRip, SS, SS_FAULT, TS,
} from './state'; // prettier-ignore

/** Where an event comes from: decides privilege checks, the EXT bit and what a fault on delivery becomes. */
export const SOURCE_EXCEPTION: u32 = 0;
/** INT n, INT3, INTO. */
export const SOURCE_SOFTWARE: u32 = 1;
/** External interrupts and NMI. */
export const SOURCE_EXTERNAL: u32 = 2;
/** INT1: software, but without a privilege check. */
export const SOURCE_INT1: u32 = 3;
/** Trap-class exceptions: like exceptions, but the resume flag is not set in the pushed flags. */
export const SOURCE_TRAP: u32 = 4;

/** Whether an op's memory operand lies in the stack segment. Pushes and pops see to themselves. */
function onStack(op: usize): bool {
  if (opIsMemory(op)) return opSegment(op) == SS;
  // Ops with a flat operand do not keep its segment, but it is SS with these bases only.
  const base = <u32>load<u8>(op, 5) >>> 3;
  return base == RSP || base == RBP;
}

/** Delivers the noted fault of the instruction an op stands for. */
export function deliverOpFault(op: usize): usize {
  const refused = takeRefused();
  if (refused != u64.MAX_VALUE && load<u32>(FAULT_VECTOR) == GP && onStack(op)) setFault(SS_FAULT, 0);
  setRip(opRip(op));
  return deliverFault();
}

/** With CR0.NE clear the processor stops before a waiting x87 instruction until there is an interrupt (SDM vol. 1, 8.7.2). */
function freeze(op: usize): usize {
  setRip(opRip(op));
  store<u32>(STEPPING, 0);
  store<u32>(HALTED, 1);
  return attend();
}

/** The same for a far transfer, which may have switched tasks before it faulted. */
export function deliverTransferFault(op: usize): usize {
  return faultInNewTask() ? deliverFault() : deliverOpFault(op);
}

/** Notes and delivers a fault of an op's instruction. */
export function raise(op: usize, vector: u32, error: u32): usize {
  if (vector == MF && !(cr0() & CR0_NE)) return freeze(op);
  setFault(vector, error);
  return deliverOpFault(op);
}

/** Delivers the noted fault at RIP. */
export function deliverFault(): usize {
  return deliver(load<u32>(FAULT_VECTOR), SOURCE_EXCEPTION, load<u32>(FAULT_ERROR));
}

export function deliverDebugTrap(): usize {
  return deliver(DB, SOURCE_TRAP, 0);
}

/** A software interrupt: RIP becomes the next instruction, but a fault on delivery is the instruction's own. */
export function deliverSoftware(op: usize, vector: u32, source: u32): usize {
  count(COUNT_SOFTWARE_INTERRUPT);
  const own = opRip(op);
  setRip(opNextRip(op));
  store<u32>(STEPPING, 0);
  if (enterHandler(vector, source, 0)) return handler();
  if (!faultInNewTask()) setRip(own);
  return deliverFault();
}

export function deliverExternal(vector: u32): usize {
  count(COUNT_EXTERNAL_INTERRUPT);
  return deliver(vector, SOURCE_EXTERNAL, 0);
}

export function deliverNmi(): usize {
  store<u32>(NMI_MASKED, 1);
  return deliver(NMI, SOURCE_EXTERNAL, 0);
}

/** First op of the handler just entered. */
function handler(): usize {
  store<u32>(SHADOW, 0);
  updateEventMask();
  return taskTrapPending() ? deliverDebugTrap() : lookup(load<u64>(RIP));
}

function deliver(vector: u32, source: u32, error: u32): usize {
  store<u32>(STEPPING, 0);
  while (true) {
    const exception = source == SOURCE_EXCEPTION || source == SOURCE_TRAP;
    if (exception) count(COUNT_EXCEPTION);
    if (vector == DB) setDr7(dr7() & ~DR7_GD);
    if (enterHandler(vector, source, error)) return handler();
    if (vector == DF && exception) {
      updateEventMask();
      return exit(EXIT_SHUTDOWN);
    }
    faultInNewTask();
    const second = load<u32>(FAULT_VECTOR);
    const double = exception && combines(vector, second);
    vector = double ? DF : second;
    error = double ? 0 : load<u32>(FAULT_ERROR);
    source = SOURCE_EXCEPTION;
  }
}

function contributory(vector: u32): bool {
  return vector == DE || (vector >= TS && vector <= GP);
}

/** SDM vol. 3, table 6-5. */
function combines(first: u32, second: u32): bool {
  if (first == PF) return second == PF || contributory(second);
  return contributory(first) && contributory(second);
}

/** Exceptions that push an error code. */
export function hasErrorCode(vector: u32): bool {
  return vector == DF || (vector >= TS && vector <= PF) || vector == AC;
}
