import {
  CODE_MODE, CPL, EA_MASK, EFLAGS, ITLB_KEY, MODE_16, MODE_32, MODE_64, MODE_FLAT32, TLB_READ_BASE, TLB_SUPERVISOR,
  TLB_SUPERVISOR_AC, TLB_USER, TLB_USER_ALIGNED, TLB_WRITE_BASE,
} from '../layout'; // prettier-ignore
import {
  ATTR_CODE, ATTR_DB, ATTR_DC, ATTR_LONG, ATTR_PRESENT, ATTR_RW, cpl, cr0, CR0_AM, cr4, CR4_SMAP, CS, DS, ES, FLAG_AC,
  longModeActive, realOrVirtual, segAttributes, segBase, segLimit, SS,
} from './state'; // prettier-ignore
import { readTable, writeTable } from './tlb';

/** ITLB keys are never zero, so that no linear page matches an empty entry. */
const KEY_VALID: u32 = 8;
const KEY_USER: u32 = 4;

/** Which TLB the program's own accesses use. */
export function currentPrivilege(): u32 {
  const flags = load<u32>(EFLAGS);
  if (cpl() == 3) return cr0() & CR0_AM && flags & FLAG_AC ? TLB_USER_ALIGNED : TLB_USER;
  return flags & FLAG_AC && cr4() & CR4_SMAP ? TLB_SUPERVISOR_AC : TLB_SUPERVISOR;
}
export function systemPrivilege(): u32 {
  return TLB_SUPERVISOR;
}

function flat(seg: u32): bool {
  const attributes = segAttributes(seg);
  const data = (attributes & (ATTR_PRESENT | ATTR_CODE | ATTR_DC | ATTR_RW)) == (ATTR_PRESENT | ATTR_RW);
  return data && segBase(seg) == 0 && segLimit(seg) == 0xffff_ffff;
}

function deriveCodeMode(): u32 {
  const code = segAttributes(CS);
  if (longModeActive() && code & ATTR_LONG && !realOrVirtual()) return MODE_64;
  if (!(code & ATTR_DB)) return MODE_16;
  const allFlat =
    segBase(CS) == 0 && segLimit(CS) == 0xffff_ffff && flat(SS) && flat(DS) && flat(ES) && (segAttributes(SS) & ATTR_DB) != 0;
  return allFlat ? MODE_FLAT32 : MODE_32;
}

/** Recomputes what is derived from segments, CPL and control registers. The current op pointer is stale afterwards. */
export function updateMode(): void {
  const mode = deriveCodeMode();
  store<u32>(CODE_MODE, mode);
  store<u64>(EA_MASK, mode == MODE_64 ? u64.MAX_VALUE : 0xffff_ffff);
  updateTables();
}

function updateTables(): void {
  const privilege = currentPrivilege();
  store<u32>(TLB_READ_BASE, readTable(privilege));
  store<u32>(TLB_WRITE_BASE, writeTable(privilege));
  store<u32>(ITLB_KEY, load<u32>(CODE_MODE) | (cpl() == 3 ? KEY_USER : 0) | KEY_VALID);
}

export function setCpl(level: u32): void {
  store<u32>(CPL, level);
}

export function alignmentFlagChanged(): void {
  updateTables();
}
