import { REGS } from '../../layout';
import { commit, linear, readPointer, writePointer } from '../memory';
import { opSegment, putReg } from '../state';

/** MOV between the accumulator and a 64-bit absolute address (A0–A3). */
export function loadFromOffset<T>(op: usize): bool {
  const p = readPointer<T>(linear(opSegment(op), load<u64>(op, 8), sizeof<T>(), false));
  if (!p) return false;
  putReg<T>(REGS, load<T>(p));
  return true;
}
export function storeAtOffset<T>(op: usize): bool {
  const p = writePointer<T>(linear(opSegment(op), load<u64>(op, 8), sizeof<T>(), true));
  if (!p) return false;
  store<T>(p, load<T>(REGS));
  commit(p);
  return true;
}
