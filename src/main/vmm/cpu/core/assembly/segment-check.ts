import {
  ATTR_CODE, ATTR_DB, ATTR_DC, ATTR_PRESENT, ATTR_RW, GP, realOrVirtual, segAttributes, segLimit, setFault, SS,
  SS_FAULT,
} from './state'; // prettier-ignore

/** The exact segment check (SDM vol. 3, 5.3 and 5.5), for what the precomputed limits could not decide. */
export function checkSegment(seg: u32, offset: u32, bytes: u32, write: bool): bool {
  const attributes = segAttributes(seg);
  const limit = segLimit(seg);
  if (usable(attributes, write) && within(attributes, limit, offset, bytes)) return true;
  setFault(seg == SS ? SS_FAULT : GP, 0);
  return false;
}

function usable(attributes: u32, write: bool): bool {
  if (!(attributes & ATTR_PRESENT)) return false;
  // In real and virtual-8086 mode every segment is read and written, code too.
  if (realOrVirtual()) return true;
  if (attributes & ATTR_CODE) return !write && (attributes & ATTR_RW) != 0;
  return !write || (attributes & ATTR_RW) != 0;
}

function within(attributes: u32, limit: u32, offset: u32, bytes: u32): bool {
  const last = <u64>offset + <u64>(bytes - 1);
  const expandDown = (attributes & (ATTR_CODE | ATTR_DC)) == ATTR_DC;
  // A segment of 4 GiB has no limit: an access past its end goes on at 0.
  if (!expandDown) return limit == 0xffff_ffff || last <= <u64>limit;
  return offset > limit && last <= (attributes & ATTR_DB ? <u64>0xffff_ffff : <u64>0xffff);
}
