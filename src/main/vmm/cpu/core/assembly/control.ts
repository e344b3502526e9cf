import { CR0, CR3, CR4, EFER, XCR0 } from '../layout';
import { updateMode } from './privilege';
import { updateAllLimits } from './segments';
import {
  ATTR_LONG, cr0, CR0_AM, CR0_CD, CR0_EM, CR0_ET, CR0_MP, CR0_NE, CR0_NW, CR0_PE, CR0_PG, CR0_TS, CR0_WP, cr4, CR4_DE,
  CR4_FSGSBASE, CR4_MCE, CR4_OSFXSR, CR4_OSXMMEXCPT, CR4_OSXSAVE, CR4_PAE, CR4_PCE, CR4_PCIDE, CR4_PGE, CR4_PSE, CR4_SMAP,
  CR4_SMEP, CR4_TSD, CR4_UMIP, CS, efer, EFER_LMA, EFER_LME, gpFault, longCode, longModeActive, segAttributes,
} from './state'; // prettier-ignore
import { flushAll, flushNonGlobal } from './tlb';
import { switchContext } from './tlb-contexts';
import { PHYSICAL_BITS } from './physical';
import { pdptesValid } from './walk';

/** Control registers: what may be written, and what follows (SDM vol. 3, 2.5). */

const CR0_BITS: u32 =
  CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG;
const CR4_BITS: u32 =
  CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_UMIP |
  CR4_FSGSBASE | CR4_PCIDE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP; // prettier-ignore
const CR0_PAGING: u32 = CR0_PG | CR0_WP | CR0_PE;
const CR4_PAGING: u32 = CR4_PSE | CR4_PAE | CR4_PGE | CR4_PCIDE | CR4_SMEP | CR4_SMAP;
/** Bit 63 of a CR3 source: keep the translations of the new PCID. */
const CR3_NO_FLUSH: u64 = 1 << 63;

/** Writes CR0; false with #GP(0) noted for what it must not hold. */
export function writeCr0(value: u64): bool {
  if (value >>> 32) return gpFault(0);
  const old = cr0();
  const next = (<u32>value & CR0_BITS) | CR0_ET;
  if (next & CR0_PG && !(next & CR0_PE)) return gpFault(0);
  if (next & CR0_NW && !(next & CR0_CD)) return gpFault(0);
  const pagingOn = !(old & CR0_PG) && (next & CR0_PG) != 0;
  const pagingOff = (old & CR0_PG) != 0 && !(next & CR0_PG);
  if (pagingOn && !mayEnablePaging()) return false;
  if (pagingOff && (longCode() || cr4() & CR4_PCIDE)) return gpFault(0);
  if (pagingOn && efer() & EFER_LME) store<u32>(EFER, efer() | EFER_LMA);
  if (pagingOff) store<u32>(EFER, efer() & ~EFER_LMA);
  store<u64>(CR0, next);
  if ((old ^ next) & CR0_PAGING) flushAll();
  if ((old ^ next) & CR0_PE) updateAllLimits();
  updateMode();
  return true;
}

function mayEnablePaging(): bool {
  if (efer() & EFER_LME) {
    // Long mode needs PAE, and neither 64-bit code nor a 16-bit TSS beforehand.
    if (!(cr4() & CR4_PAE) || segAttributes(CS) & ATTR_LONG) return gpFault(0);
    return true;
  }
  return cr4() & CR4_PAE && !pdptesValid(load<u64>(CR3)) ? gpFault(0) : true;
}

export function writeCr3(value: u64): bool {
  const pcids = (cr4() & CR4_PCIDE) != 0;
  const keep = (value & CR3_NO_FLUSH) != 0;
  if (longModeActive()) {
    const legal = ((<u64>1 << PHYSICAL_BITS) - 1) | (pcids ? CR3_NO_FLUSH : 0);
    if (value & ~legal) return gpFault(0);
    value &= ~CR3_NO_FLUSH;
  } else {
    value &= 0xffff_ffff;
    if (cr0() & CR0_PG && cr4() & CR4_PAE && !pdptesValid(value)) return gpFault(0);
  }
  const present = runningContext();
  store<u64>(CR3, value);
  if (pcids) switchContext(present, runningContext(), keep);
  else flushNonGlobal();
  return true;
}

/** The PCID in use (SDM vol. 3, 4.10.1). */
export function runningContext(): u32 {
  return cr4() & CR4_PCIDE ? load<u32>(CR3) & 0xfff : 0;
}

export function writeCr4(value: u64): bool {
  if (value & ~(<u64>CR4_BITS)) return gpFault(0);
  const old = cr4();
  const next = <u32>value;
  if (longModeActive() && !(next & CR4_PAE)) return gpFault(0);
  const pcidOn = !(old & CR4_PCIDE) && (next & CR4_PCIDE) != 0;
  if (pcidOn && (!longModeActive() || load<u64>(CR3) & 0xfff)) return gpFault(0);
  const paeChanged = ((old ^ next) & (CR4_PAE | CR4_PGE | CR4_PSE)) != 0;
  const paeUsed = (next & CR4_PAE) != 0 && (cr0() & CR0_PG) != 0 && !longModeActive();
  if (paeChanged && paeUsed && !pdptesValid(load<u64>(CR3))) return gpFault(0);
  store<u64>(CR4, next);
  if ((old ^ next) & CR4_PAGING) flushAll();
  updateMode();
  return true;
}

/** XSETBV: x87 always, SSE at will. */
export function writeXcr0(value: u64): bool {
  if (value & ~3 || !(value & 1)) return gpFault(0);
  store<u64>(XCR0, value);
  return true;
}

/** EFER was written: NXE changes what page-table bits mean. */
export function eferChanged(): void {
  flushAll();
  updateMode();
}

/** CR3 and the TS flag as a task switch sets them. */
export function loadTaskCr3(value: u32): void {
  if (!(cr0() & CR0_PG) || load<u32>(CR3) == value) return;
  store<u64>(CR3, value);
  flushNonGlobal();
}
export function setTaskSwitched(): void {
  store<u32>(CR0, cr0() | CR0_TS);
}
