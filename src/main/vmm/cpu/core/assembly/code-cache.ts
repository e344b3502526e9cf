import { PAGE_CODE, PAGE_READ, PAGE_SIZE } from '../../../memory/layout';
import {
  CACHE_END, CODE_MODE, CODE_PAGE_COUNT, CODE_PAGE_HEADER, CODE_PAGE_INDEX, CODE_PAGE_INDEX_SIZE, CODE_PAGE_SIZE, CODE_PAGES,
  COUNT_CACHE_FLUSH, COUNT_DECODED, ITLB_KEY, OP_SIZE, OPS, PAGE_RIP, STEPPING, TLB_SUPERVISOR, TLB_USER,
} from '../layout'; // prettier-ignore
import {
  codePage, indexCell, invalidateCode, PAGE_COVERAGE, PAGE_HOST, PAGE_NUMBER, PAGE_RUNS, RUN_COUNT, RUN_NEXT,
} from './code-invalidate'; // prettier-ignore
import { decode, endsRun } from './decoder';
import { deliverFault } from './exceptions';
import { forbidWrites, fillInstruction, instructionSlot, flushInstructions } from './tlb';
import { hostPage, pageEntry, setPageFlags } from './physical';
import { OP_CROSS, OP_GOTO, OP_LOOKUP, OP_PAGE_END } from './pseudo-ops';
import { codeMode, count, cpl, CS, GP, longCode, segBase, segLimit, setFault, setRip } from './state';
import { ACCESS_EXECUTE, canonical, globalPage, physical, translate } from './walk';
import { optimizeRun } from './run-optimizer';
import { finishStep, stepAt } from './step';

/**
 * Decoded code. For each physical page and code mode that executes there is a code page: a map from page offset to op.
 * Ops lie in runs, 16 bytes an instruction, in order of decoding, so that straight-line code is `op += 16`. Runs are only
 * ever added; when the arena is full everything is forgotten at once.
 */
let pagesUsed: u32 = 1;
let top: usize = OPS;
/** Changes whenever op addresses held elsewhere became invalid. */
export let generation: u32 = 0;

const RUN_LIMIT: u32 = 128;

/** Address of the first op at an instruction pointer of the current mode; sets PAGE_RIP. Delivers what faults. */
export function lookup(rip: u64): usize {
  const op = opAtHand(rip);
  if (!op) return lookupMiss(rip, codeAddress(rip));
  enterPage(rip);
  return op;
}

/** The op at an instruction pointer if it is at hand, else 0. The caller sets PAGE_RIP ({@link enterPage}). */
// @ts-ignore: decorator
@inline export function opAtHand(rip: u64): usize {
  const address = codeAddress(rip);
  const entry = instructionSlot(address);
  if (load<u64>(entry) != ((address & ~0xfff) | <u64>load<u32>(ITLB_KEY))) return 0;
  return load<u32>(load<u32>(entry, 8) + ((<u32>address & 0xfff) << 2));
}
/** Code goes on in the page of an instruction pointer. */
// @ts-ignore: decorator
@inline export function enterPage(rip: u64): void {
  store<u64>(PAGE_RIP, rip - (codeAddress(rip) & 0xfff));
}

// @ts-ignore: decorator
@inline function codeAddress(rip: u64): u64 {
  return longCode() ? rip : (rip + segBase(CS)) & 0xffff_ffff;
}

/** Linear address of an instruction pointer. */
export function linearRip(rip: u64): u64 {
  return codeAddress(rip);
}

/** Whether an instruction pointer may be jumped to; #GP(0) noted if not (SDM vol. 2, JMP). */
export function validTarget(rip: u64): bool {
  if (longCode() ? canonical(rip) : rip <= <u64>segLimit(CS)) return true;
  setFault(GP, 0);
  return false;
}

export function codePrivilege(): u32 {
  return cpl() == 3 ? TLB_USER : TLB_SUPERVISOR;
}

function lookupMiss(rip: u64, address: u64): usize {
  if (!validTarget(rip) || !translate(address, ACCESS_EXECUTE, codePrivilege())) {
    setRip(rip);
    // A single step that leads here is over before the fetch that faults.
    const trap = load<u32>(STEPPING) ? finishStep() : 0;
    return trap ? trap : deliverFault();
  }
  const entry = pageEntry(physical);
  if (!(entry & PAGE_READ) || !pageWithinLimit(rip, address)) return stepAt(rip);
  const frame = physical;
  const code = openCodePage(<u32>frame >>> 12, hostPage(entry));
  fillInstruction(address, load<u32>(ITLB_KEY), <u32>code + CODE_PAGE_HEADER, globalPage);
  const offset = <u32>address & 0xfff;
  store<u64>(PAGE_RIP, rip - <u64>offset);
  const known = load<u32>(code + CODE_PAGE_HEADER + (offset << 2));
  if (known) return known;
  if (!(pageEntry(frame) & PAGE_CODE)) {
    setPageFlags(frame, PAGE_CODE);
    forbidWrites(hostPage(entry));
  }
  return decodeRun(code, offset);
}

function pageWithinLimit(rip: u64, address: u64): bool {
  const first = rip - (address & 0xfff);
  return longCode() || <i64>first >= 0 && first + (PAGE_SIZE - 1) <= <u64>segLimit(CS);
}

function openCodePage(page: u32, host: u32): usize {
  const mode = codeMode();
  const known = codePage(mode, page);
  if (known) {
    store<u32>(known, host, PAGE_HOST);
    return known;
  }
  if (pagesUsed == CODE_PAGE_COUNT || top + PAGE_SIZE * OP_SIZE > <usize>CACHE_END) forgetCode();
  const code: usize = CODE_PAGES + pagesUsed * CODE_PAGE_SIZE;
  store<u16>(indexCell(mode, page), <u16>pagesUsed);
  pagesUsed++;
  memory.fill(code, 0, CODE_PAGE_SIZE);
  store<u32>(code, page, PAGE_NUMBER);
  store<u32>(code, host, PAGE_HOST);
  return code;
}

/** Makes the cache empty, whatever is in memory. */
export function startCodeCache(): void {
  memory.fill(CODE_PAGE_INDEX, 0, CODE_PAGE_INDEX_SIZE);
  pagesUsed = 1;
  top = OPS;
}

/** Empties the whole cache. */
export function forgetCode(): void {
  count(COUNT_CACHE_FLUSH);
  for (let i: u32 = 1; i < pagesUsed; i++) invalidateCode(load<u32>(CODE_PAGES + i * CODE_PAGE_SIZE + PAGE_NUMBER));
  startCodeCache();
  flushInstructions();
  generation++;
}

function emit(id: u16, offset: u32): usize {
  const op = top;
  top += OP_SIZE;
  store<u64>(op, <u64>id | ((<u64>offset & 0xfff) << 16));
  store<u64>(op, 0, 8);
  return op;
}

/** Decodes from an offset until control leaves, known code is met, or the page ends. Returns the first op. */
function decodeRun(code: usize, offset: u32): usize {
  if (top + (RUN_LIMIT + 2) * OP_SIZE > <usize>CACHE_END) {
    const page = load<u32>(code, PAGE_NUMBER);
    const host = load<u32>(code, PAGE_HOST);
    forgetCode();
    setPageFlags(<u64>page << 12, PAGE_CODE);
    code = openCodePage(page, host);
  }
  const run = emit(0, 0);
  store<u32>(run, load<u32>(code, PAGE_RUNS), RUN_NEXT);
  store<u32>(code, <u32>run, PAGE_RUNS);
  const first = top;
  decodeInto(code, offset);
  optimizeRun(first, top);
  const ops = <u32>(top - first) / OP_SIZE;
  store<u32>(run, ops, RUN_COUNT);
  return first;
}

/** The op at an offset of a code page of a mode, decoded if it was not; 0 if there is no room. */
export function decodeAt(code: usize, mode: u32, offset: u32): usize {
  const known = load<u32>(code + CODE_PAGE_HEADER + (offset << 2));
  if (known) return known;
  if (!(pageEntry(<u64>load<u32>(code, PAGE_NUMBER) << 12) & PAGE_CODE)) return 0;
  if (top + (RUN_LIMIT + 2) * OP_SIZE > <usize>CACHE_END) return 0;
  const current = codeMode();
  store<u32>(CODE_MODE, mode);
  const op = decodeRun(code, offset);
  store<u32>(CODE_MODE, current);
  return op;
}

function decodeInto(code: usize, offset: u32): void {
  const map = code + CODE_PAGE_HEADER;
  const host: usize = load<u32>(code, PAGE_HOST);
  for (let i: u32 = 0; i < RUN_LIMIT; i++) {
    if (offset == PAGE_SIZE) {
      emit(OP_PAGE_END, 0);
      return;
    }
    const known = load<u32>(map + (offset << 2));
    if (known) {
      store<u32>(emit(OP_GOTO, offset), known, 8);
      return;
    }
    const op = emit(OP_CROSS, offset);
    store<u32>(map + (offset << 2), <u32>op);
    const length = decode(host + offset, PAGE_SIZE - offset, op, offset);
    count(COUNT_DECODED);
    cover(code, offset, length ? length : 1);
    if (!length) {
      emitCross(op, offset);
      return;
    }
    offset += length;
    // What ends a run may still fall through (STI, MOV to CR2): it needs an op behind it.
    if (endsRun) break;
  }
  if (offset == PAGE_SIZE) emit(OP_PAGE_END, 0);
  else emit(OP_LOOKUP, offset);
}

function emitCross(op: usize, offset: u32): void {
  store<u64>(op, <u64>OP_CROSS | (<u64>offset << 16));
}

function cover(code: usize, offset: u32, length: u32): void {
  const first = offset >>> 6;
  const last = (offset + length - 1) >>> 6;
  let bits = load<u64>(code, PAGE_COVERAGE) | (<u64>1 << first);
  if (last != first) bits |= <u64>1 << last;
  store<u64>(code, bits, PAGE_COVERAGE);
}
