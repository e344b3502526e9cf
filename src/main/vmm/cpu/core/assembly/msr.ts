import {
  MSR_BIOS_SIGN_ID, MSR_CSTAR, MSR_FMASK, MSR_KERNEL_GS_BASE, MSR_LSTAR, MSR_MCG_STATUS, MSR_MISC_ENABLE,
  MSR_MTRR_DEF_TYPE, MSR_MTRR_FIXED, MSR_MTRR_VARIABLE, MSR_PAT, MSR_SPEC_CTRL, MSR_STAR, MSR_SYSENTER_CS,
  MSR_SYSENTER_EIP, MSR_SYSENTER_ESP, MSR_TSC_ADJUST, MSR_TSC_AUX, MSR_TSC_OFFSET, MSR_VALUE, SEG_BASE, TSC_HZ, EFER,
  ARCH_CAPABILITIES_HIGH, ARCH_CAPABILITIES_LOW,
} from '../layout'; // prettier-ignore
import { nowNs, readMachineMsr, writeMachineMsr } from './bus';
import { eferChanged } from './control';
import {
  CR0_PG, cr0, EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE, efer, FS, GS, segment,
} from './state'; // prettier-ignore

/** Model-specific registers (SDM vol. 4, table 2-2). What the core does not keep belongs to the machine. */
export const MSR_APIC_BASE: u32 = 0x1b;
export const APIC_BASE_ENABLE: u32 = 1 << 11;

const IA32_TSC: u32 = 0x10;
const IA32_PLATFORM_ID: u32 = 0x17;
const IA32_TSC_ADJUST: u32 = 0x3b;
const IA32_SPEC_CTRL: u32 = 0x48;
const IA32_PRED_CMD: u32 = 0x49;
const IA32_BIOS_UPDT_TRIG: u32 = 0x79;
const IA32_BIOS_SIGN_ID: u32 = 0x8b;
const IA32_MTRRCAP: u32 = 0xfe;
const IA32_ARCH_CAPABILITIES: u32 = 0x10a;
const IA32_SYSENTER_CS: u32 = 0x174;
const IA32_SYSENTER_ESP: u32 = 0x175;
const IA32_SYSENTER_EIP: u32 = 0x176;
const IA32_MCG_CAP: u32 = 0x179;
const IA32_MCG_STATUS: u32 = 0x17a;
const IA32_MISC_ENABLE: u32 = 0x1a0;
const IA32_DEBUGCTL: u32 = 0x1d9;
const IA32_MTRR_PHYSBASE0: u32 = 0x200;
const IA32_MTRR_PHYSMASK7: u32 = 0x20f;
const IA32_MTRR_FIX64K: u32 = 0x250;
const IA32_MTRR_FIX16K: u32 = 0x258;
const IA32_MTRR_FIX4K: u32 = 0x268;
const IA32_PAT: u32 = 0x277;
const IA32_MTRR_DEF_TYPE: u32 = 0x2ff;
const IA32_EFER: u32 = 0xc000_0080;
const IA32_STAR: u32 = 0xc000_0081;
const IA32_LSTAR: u32 = 0xc000_0082;
const IA32_CSTAR: u32 = 0xc000_0083;
const IA32_FMASK: u32 = 0xc000_0084;
const IA32_FS_BASE: u32 = 0xc000_0100;
const IA32_GS_BASE: u32 = 0xc000_0101;
const IA32_KERNEL_GS_BASE: u32 = 0xc000_0102;
const IA32_TSC_AUX: u32 = 0xc000_0103;

/** Eight variable ranges, fixed ranges, write-combining. */
const MTRRCAP: u64 = 8 | (1 << 8) | (1 << 10);
const MTRR_ADDRESS: u64 = 0xff_ffff_f000;
const MTRR_VALID: u64 = 1 << 11;
const MTRR_ENABLES: u64 = 3 << 10;
/** Fast strings on; branch trace store and precise event sampling unavailable. */
export const MISC_ENABLE_RESET: u64 = 1 | (1 << 11) | (1 << 12);
/** IBRS, STIBP, SSBD, BHI_DIS_S. */
const SPEC_CTRL_BITS: u64 = 0x407;
/** Last-branch records and branch single-step, accepted without effect. */
const DEBUGCTL_BITS: u64 = 3;
const EFER_BITS: u64 = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;

/** The value {@link readMsr} left. */
// @ts-ignore: decorator
@inline export function msrValue(): u64 { return load<u64>(MSR_VALUE); }

/** Time-stamp counter: virtual time at the advertised frequency, plus what the guest wrote. */
export function timeStampCounter(): u64 {
  return elapsedTicks() + load<u64>(MSR_TSC_OFFSET);
}

function elapsedTicks(): u64 {
  return <u64>(nowNs() * (<f64>load<u64>(TSC_HZ) / 1e9));
}

function writeTimeStampCounter(value: u64): void {
  const offset = value - elapsedTicks();
  store<u64>(MSR_TSC_ADJUST, load<u64>(MSR_TSC_ADJUST) + offset - load<u64>(MSR_TSC_OFFSET));
  store<u64>(MSR_TSC_OFFSET, offset);
}

/** Whether bits 63:47 are all alike, as a 48-bit linear address's are. */
export function canonical(address: u64): bool {
  return (<i64>address << 16) >> 16 == <i64>address;
}

/** Where a register that is plain storage lives; 0 for the others. */
function cell(index: u32): usize {
  switch (index) {
    case IA32_SPEC_CTRL: return MSR_SPEC_CTRL;
    case IA32_BIOS_SIGN_ID: return MSR_BIOS_SIGN_ID;
    case IA32_SYSENTER_CS: return MSR_SYSENTER_CS;
    case IA32_SYSENTER_ESP: return MSR_SYSENTER_ESP;
    case IA32_SYSENTER_EIP: return MSR_SYSENTER_EIP;
    case IA32_MCG_STATUS: return MSR_MCG_STATUS;
    case IA32_MISC_ENABLE: return MSR_MISC_ENABLE;
    case IA32_PAT: return MSR_PAT;
    case IA32_MTRR_DEF_TYPE: return MSR_MTRR_DEF_TYPE;
    case IA32_TSC_ADJUST: return MSR_TSC_ADJUST;
    case IA32_EFER: return EFER;
    case IA32_STAR: return MSR_STAR;
    case IA32_LSTAR: return MSR_LSTAR;
    case IA32_CSTAR: return MSR_CSTAR;
    case IA32_FMASK: return MSR_FMASK;
    case IA32_FS_BASE: return segment(FS) + SEG_BASE;
    case IA32_GS_BASE: return segment(GS) + SEG_BASE;
    case IA32_KERNEL_GS_BASE: return MSR_KERNEL_GS_BASE;
    case IA32_TSC_AUX: return MSR_TSC_AUX;
  }
  if (index >= IA32_MTRR_PHYSBASE0 && index <= IA32_MTRR_PHYSMASK7) {
    return MSR_MTRR_VARIABLE + ((index - IA32_MTRR_PHYSBASE0) << 3);
  }
  const fixed = fixedMtrr(index);
  return fixed < 0 ? 0 : MSR_MTRR_FIXED + (<usize>fixed << 3);
}

/** Position among the eleven fixed-range registers, or -1. */
function fixedMtrr(index: u32): i32 {
  if (index == IA32_MTRR_FIX64K) return 0;
  if (index >= IA32_MTRR_FIX16K && index < IA32_MTRR_FIX16K + 2) return <i32>(index - IA32_MTRR_FIX16K) + 1;
  if (index >= IA32_MTRR_FIX4K && index < IA32_MTRR_FIX4K + 8) return <i32>(index - IA32_MTRR_FIX4K) + 3;
  return -1;
}

/** Leaves the register at MSR_VALUE; false if there is none: #GP(0). */
export function readMsr(index: u32): bool {
  const at = cell(index);
  if (at) return found(load<u64>(at));
  switch (index) {
    case IA32_TSC: return found(timeStampCounter());
    case IA32_MTRRCAP: return found(MTRRCAP);
    case IA32_ARCH_CAPABILITIES: return found((<u64>ARCH_CAPABILITIES_HIGH << 32) | ARCH_CAPABILITIES_LOW);
    case IA32_PLATFORM_ID:
    case IA32_MCG_CAP:
    case IA32_DEBUGCTL: return found(0);
  }
  return readMachineMsr(index);
}

function found(value: u64): bool {
  store<u64>(MSR_VALUE, value);
  return true;
}

/** False if the register or the value does not exist: #GP(0). */
export function writeMsr(index: u32, value: u64): bool {
  switch (index) {
    case IA32_TSC:
      writeTimeStampCounter(value);
      return true;
    case IA32_TSC_ADJUST:
      store<u64>(MSR_TSC_OFFSET, load<u64>(MSR_TSC_OFFSET) + value - load<u64>(MSR_TSC_ADJUST));
      return keep(index, value);
    case IA32_EFER: return writeEfer(value);
    case IA32_MTRRCAP:
    case IA32_ARCH_CAPABILITIES:
    case IA32_PLATFORM_ID:
    case IA32_MCG_CAP: return false;
    // An indirect-branch barrier has nothing to flush, a microcode update nothing to load.
    case IA32_PRED_CMD: return value <= 1;
    case IA32_BIOS_UPDT_TRIG: return true;
    case IA32_DEBUGCTL: return !(value & ~DEBUGCTL_BITS);
  }
  if (!cell(index)) return writeMachineMsr(index, <u32>value, <u32>(value >>> 32));
  return legal(index, value) && keep(index, value);
}

function keep(index: u32, value: u64): bool {
  store<u64>(cell(index), value);
  return true;
}

function legal(index: u32, value: u64): bool {
  switch (index) {
    case IA32_SYSENTER_ESP:
    case IA32_SYSENTER_EIP:
    case IA32_LSTAR:
    case IA32_CSTAR:
    case IA32_FS_BASE:
    case IA32_GS_BASE:
    case IA32_KERNEL_GS_BASE: return canonical(value);
    case IA32_FMASK:
    case IA32_TSC_AUX: return value <= 0xffff_ffff;
    case IA32_SPEC_CTRL: return !(value & ~SPEC_CTRL_BITS);
    case IA32_PAT: return memoryTypes(value, true);
    case IA32_MTRR_DEF_TYPE: return !(value & ~(MTRR_ENABLES | 0xff)) && memoryType(<u32>value & 0xff, false);
  }
  if (fixedMtrr(index) >= 0) return memoryTypes(value, false);
  if (index >= IA32_MTRR_PHYSBASE0 && index <= IA32_MTRR_PHYSMASK7) {
    const mask = (index & 1) != 0;
    return mask ? !(value & ~(MTRR_ADDRESS | MTRR_VALID)) : !(value & ~(MTRR_ADDRESS | 0xff)) && memoryType(<u32>value & 0xff, false);
  }
  return true;
}

/** Uncacheable, write-combining, write-through, write-protected, write-back; UC- in the PAT only (SDM vol. 3, 11.12). */
function memoryType(type: u32, pat: bool): bool {
  return type <= 1 || (type >= 4 && type <= 6) || (pat && type == 7);
}

function memoryTypes(value: u64, pat: bool): bool {
  for (let shift: u64 = 0; shift < 64; shift += 8) {
    if (!memoryType(<u32>(value >>> shift) & 0xff, pat)) return false;
  }
  return true;
}

/** LMA is the processor's; LME must not change while paging is on (SDM vol. 3, 9.8.5). */
function writeEfer(value: u64): bool {
  if (value & ~EFER_BITS) return false;
  const old = efer();
  const updated = (<u32>value & ~EFER_LMA) | (old & EFER_LMA);
  if ((old ^ updated) & EFER_LME && cr0() & CR0_PG) return false;
  store<u64>(EFER, updated);
  eferChanged();
  return true;
}
