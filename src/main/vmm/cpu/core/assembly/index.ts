import {
  A20_MASK, CR0, CR2, CR3, CR4, EFER, EFLAGS, EVENTS, FP_SCRATCH, GDTR, HALTED, IDTR, MSR_MISC_ENABLE, MSR_PAT, MSRS, NMI_MASKED, SHADOW,
  STEPPING, TSC_HZ, XCR0,
} from '../layout'; // prettier-ignore
import { startCodeCache } from './code-cache';
import { invalidateCode } from './code-invalidate';
import { DR6_FIXED, DR7_FIXED, setDr6, setDr7, setDebugRegister } from './debug';
import { setFlags, updateEventMask } from './flags';
import { resetFloatingPoint, xrstor, xsave } from './fp/area';
import { MISC_ENABLE_RESET } from './msr';
import { setCpl, updateMode } from './privilege';
import { setRealSegment, setSegment, updateAllLimits } from './segments';
import { CR0_ET, CR0_CD, CR0_NW, CS, FLAG_FIXED, LDTR, RDX, setReg64, setRip, TR } from './state';
import { flushAll, resetTlbs } from './tlb';

/** What the engine calls. */
export { run } from './loop';
export { getFlags, setFlags, updateEventMask } from './flags';
export { invalidateCode, flushAll as flushTranslations };
/** What the translator calls, and its regions. */
export { decodeAt } from './code-cache';
/** What the engine calls when memory was written that nobody told of. */
export { forgetCode } from './code-cache';
export { carryOf, commitSplit, executeSingle, readCold, settleFlags, writeCold } from './regions';
export { settleDouble, settleDoubles, settleExactness, settleSingle, settleSingles } from './simd/native-result';
export { timeStampCounter } from './msr';
export { enableInterrupts, flagsImage, replaceFlags, setAlignmentFlag } from './region-flags';
export { repeatCompare, repeatMove, repeatScan, repeatStore } from './region-strings';
/** x87 for regions. */
export {
  x87Add, x87CompareFlags, x87CompareStatus, x87Divide, x87Execute, x87Multiply, x87SquareRoot, x87Subtract, x87ToDouble, x87ToInteger,
  x87ToSingle,
} from './x87/values'; // prettier-ignore
/** One wide division, for regions. */
export { mulHigh, mulHighSigned } from './alu';

/** Makes the caches empty, whatever the memory holds. Once, before anything else. */
export function initialize(): void {
  resetTlbs();
  startCodeCache();
}

const DATA_ATTRIBUTES: u32 = 0x93;
const CODE_ATTRIBUTES: u32 = 0x93;
const LDT_ATTRIBUTES: u32 = 0x82;
const TSS_ATTRIBUTES: u32 = 0x8b;
/** Power-on value of IA32_PAT (SDM vol. 3, 11.12.4). */
const PAT_RESET: u64 = 0x0007_0406_0007_0406;
const SIGNATURE: u64 = 0x106a5;

/** Power-on, or INIT, which leaves MSRs and floating point alone (SDM vol. 3, table 9-1). */
export function reset(init: bool): void {
  for (let i: u32 = 0; i < 16; i++) setReg64(i, 0);
  setReg64(RDX, SIGNATURE);
  store<u64>(CR0, init ? (load<u64>(CR0) & (CR0_CD | CR0_NW)) | CR0_ET : CR0_CD | CR0_NW | CR0_ET);
  store<u64>(CR2, 0);
  store<u64>(CR3, 0);
  store<u64>(CR4, 0);
  store<u64>(EFER, 0);
  setCpl(0);
  store<u32>(EFLAGS, 0);
  for (let i: u32 = 0; i < 4; i++) setDebugRegister(i, 0);
  setDr6(DR6_FIXED);
  setDr7(DR7_FIXED);
  setSegment(CS, 0xf000, 0xffff_0000, 0xffff, CODE_ATTRIBUTES);
  for (let i: u32 = 0; i < 6; i++) if (i != CS) setSegment(i, 0, 0, 0xffff, DATA_ATTRIBUTES);
  setSegment(LDTR, 0, 0, 0xffff, LDT_ATTRIBUTES);
  setSegment(TR, 0, 0, 0xffff, TSS_ATTRIBUTES);
  resetTable(GDTR);
  resetTable(IDTR);
  setRip(0xfff0);
  store<u32>(HALTED, 0);
  store<u32>(SHADOW, 0);
  store<u32>(STEPPING, 0);
  store<u32>(NMI_MASKED, 0);
  store<u32>(EVENTS, 0);
  if (!init) resetModelSpecific();
  setFlags(FLAG_FIXED);
  updateEventMask();
  flushAll();
  updateMode();
}

function resetTable(table: usize): void {
  store<u64>(table, 0);
  store<u32>(table, 0xffff, 8);
}

function resetModelSpecific(): void {
  const hz = load<u64>(TSC_HZ);
  memory.fill(MSRS, 0, TSC_HZ - MSRS);
  store<u64>(TSC_HZ, hz);
  store<u64>(MSR_PAT, PAT_RESET);
  store<u64>(MSR_MISC_ENABLE, MISC_ENABLE_RESET);
  store<u64>(XCR0, 1);
  resetFloatingPoint();
}

/** Linear bits above 20 pass, or not (A20 gate). */
export function setA20(enabled: bool): void {
  store<u32>(A20_MASK, enabled ? 0xffff_ffff : 0xffef_ffff);
  flushAll();
}

/** After the engine filled registers in memory: everything derived from them. */
export function stateLoaded(): void {
  updateAllLimits();
  flushAll();
  updateMode();
  updateEventMask();
}

/** Real-mode load of a segment register by firmware. */
export function loadRealSegment(index: u32, sel: u32): void {
  setRealSegment(index, sel);
  updateMode();
}

/** x87 and SSE state as an XSAVE image, for the engine to save and load. */
export function extendedImage(): usize {
  return FP_SCRATCH + 256;
}
export function saveExtendedImage(): void {
  memory.fill(extendedImage(), 0, 576);
  xsave(extendedImage(), 3, true, 16, false);
}
export function loadExtendedImage(): void {
  xrstor(extendedImage(), 3, 3, true, 16);
}
