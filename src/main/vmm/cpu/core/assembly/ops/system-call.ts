import { EFLAGS, MSR_FMASK, MSR_LSTAR, MSR_STAR, MSR_SYSENTER_CS, MSR_SYSENTER_EIP, MSR_SYSENTER_ESP } from '../../layout';
import { lookup } from '../code-cache';
import { raise } from '../exceptions';
import { getFlags, setFlags, setSystemFlags } from '../flags';
import { setCpl, updateMode } from '../privilege';
import { setSegment } from '../segments';
import {
  cpl, CS, efer, EFER_SCE, FLAG_IF, FLAG_RF, FLAG_VM, GP, longModeActive, opNextRip, protectedMode, RCX, RDX, reg32,
  reg64, RSP, setReg64, SS, UD,
} from '../state'; // prettier-ignore
import { stepByNewFlag } from '../step';
import { canonical } from '../walk';
import { FLAG_VISIBLE } from './flags';

/** SYSCALL, SYSRET, SYSENTER, SYSEXIT (SDM vol. 2): segments are fixed, not read from descriptors. */
const R11: u32 = 11;
const FLAT_LIMIT: u32 = 0xffff_ffff;

// Attributes of the flat segments: present, S, type; G; then L or D/B.
const CODE64: u32 = 0xa09b;
const CODE32: u32 = 0xc09b;
const DATA: u32 = 0xc093;

function setLevel(level: u32, codeSelector: u32, stackSelector: u32, long: bool): void {
  setCpl(level);
  setSegment(CS, codeSelector, 0, FLAT_LIMIT, (long ? CODE64 : CODE32) | (level << 5));
  setSegment(SS, stackSelector, 0, FLAT_LIMIT, DATA | (level << 5));
  updateMode();
}

export function systemCall(op: usize): usize {
  if (!(efer() & EFER_SCE)) return raise(op, UD, 0);
  setReg64(RCX, opNextRip(op));
  setReg64(R11, getFlags());
  const sel = <u32>(load<u64>(MSR_STAR) >>> 32) & 0xfffc;
  setFlags(getFlags() & ~(load<u32>(MSR_FMASK) | FLAG_RF));
  setLevel(0, sel, sel + 8, true);
  stepByNewFlag();
  return lookup(load<u64>(MSR_LSTAR));
}

export function systemReturn<T>(op: usize): usize {
  if (!(efer() & EFER_SCE)) return raise(op, UD, 0);
  if (cpl() != 0) return raise(op, GP, 0);
  const target = reg64(RCX);
  if (sizeof<T>() == 8 && !canonical(target)) return raise(op, GP, 0);
  const base = <u32>(load<u64>(MSR_STAR) >>> 48);
  setFlags((<u32>reg64(R11) & FLAG_VISIBLE & ~(FLAG_RF | FLAG_VM)) | 2);
  setLevel(3, (sizeof<T>() == 8 ? base + 16 : base) | 3, (base + 8) | 3, sizeof<T>() == 8);
  stepByNewFlag();
  return lookup(sizeof<T>() == 8 ? target : target & 0xffff_ffff);
}

export function systemEnter(op: usize): usize {
  const sel = load<u32>(MSR_SYSENTER_CS) & 0xfffc;
  if (!protectedMode() || !sel) return raise(op, GP, 0);
  const long = longModeActive();
  setSystemFlags(load<u32>(EFLAGS) & ~(FLAG_VM | FLAG_IF | FLAG_RF));
  setLevel(0, sel, sel + 8, long);
  const pointer = load<u64>(MSR_SYSENTER_ESP);
  const target = load<u64>(MSR_SYSENTER_EIP);
  setReg64(RSP, long ? pointer : pointer & 0xffff_ffff);
  return lookup(long ? target : target & 0xffff_ffff);
}

export function systemExit<T>(op: usize): usize {
  const sel = load<u32>(MSR_SYSENTER_CS) & 0xfffc;
  if (!protectedMode() || cpl() != 0 || !sel) return raise(op, GP, 0);
  const wide = sizeof<T>() == 8;
  const target = wide ? reg64(RDX) : <u64>reg32(RDX);
  const pointer = wide ? reg64(RCX) : <u64>reg32(RCX);
  if (wide && !(canonical(target) && canonical(pointer))) return raise(op, GP, 0);
  setLevel(3, (sel + (wide ? 32 : 16)) | 3, (sel + (wide ? 40 : 24)) | 3, wide);
  setReg64(RSP, pointer);
  return lookup(target);
}
