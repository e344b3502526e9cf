import type { CaseInfo } from './case-info.js';
import type { CaseMemory } from './case-memory.js';
import { RSP } from './generate/case-builder.js';
import { DRIVER, DRIVER_BYTES, RECORDS, RESERVED, RESERVED_END } from './layout.js';
import { AFTER, AFTER_OF_REGISTER, RECORD } from './record.js';

const PAGE_FAULT = 14;
/** Of a page fault's error code: an instruction was to be fetched (SDM vol. 3, 4.7). */
const FETCH = 0x10n;
/** Nothing is mapped below (vm.mmap_min_addr), nor for programs above. */
const LOWEST_MAPPED = 0x1_0000n;
const HIGHEST_MAPPED = 0x7fff_ffff_ffffn;

/** Records, programs and stacks of what drives the cases. */
function isOfDriver(address: bigint): boolean {
  return address >= BigInt(RECORDS) && address < BigInt(DRIVER + DRIVER_BYTES);
}

function inReserved(address: bigint): boolean {
  return address >= BigInt(RESERVED) && address < BigInt(RESERVED_END);
}

/**
 * Whether an engine's outcome is a page fault where the process may have something mapped, or has a stack pointer into
 * the signal stack: Linux takes the exception for one of the handler's own then, and kills a process that has no room.
 */
export function leadsOut({ records }: CaseMemory, index: number, { steps }: CaseInfo): boolean {
  const view = new DataView(records.buffer, records.byteOffset + index * RECORD.bytes, RECORD.bytes);
  const stack = view.getBigUint64(AFTER_OF_REGISTER[RSP]!, true);
  if (stack >= BigInt(DRIVER) && isOfDriver(stack)) return true;
  if (view.getUint8(AFTER.vector) !== PAGE_FAULT) return false;
  const address = view.getBigUint64(AFTER.cr2, true);
  if (isOfDriver(address)) return true;
  // A single instruction's own operands are where they were put; where it jumps to may come from memory.
  if (steps.length === 1 && !(view.getBigUint64(AFTER.error, true) & FETCH)) return false;
  return address >= LOWEST_MAPPED && address <= HIGHEST_MAPPED && !inReserved(address);
}
