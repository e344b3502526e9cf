import { X87Op } from '../../opcodes/x87-op';
import {
  clearExceptions,
  decrementTop,
  free,
  freeAndPop,
  incrementTop,
  initialize,
  loadControl,
  storeControl,
  storeStatus,
} from './control';
import { loadEnvironment, restoreState, saveState, storeEnvironment } from './environment';

/**
 * Executes one x87 instruction. `i` is the i of ST(i), or for environment images their format (bit 0: 16-bit operand
 * size, bit 1: protected mode); `memory` is scratch holding the operand, or to be stored.
 * @returns whether the memory operand must be stored: not after an unmasked exception
 */
// prettier-ignore
export function execX87(op: u32, i: u32, memory: usize): bool {
  switch (op) {
    case X87Op.FNINIT: initialize(); break;
    case X87Op.FNCLEX: clearExceptions(); break;
    case X87Op.FNSTCW: storeControl(memory); break;
    case X87Op.FLDCW: loadControl(<u32>load<u16>(memory)); break;
    case X87Op.FNSTSW: storeStatus(memory); break;
    case X87Op.FNSTENV: storeEnvironment(memory, i); break;
    case X87Op.FLDENV: loadEnvironment(memory, i); break;
    case X87Op.FNSAVE: saveState(memory, i); break;
    case X87Op.FRSTOR: restoreState(memory, i); break;
    case X87Op.FINCSTP: incrementTop(); break;
    case X87Op.FDECSTP: decrementTop(); break;
    case X87Op.FFREE: free(i); break;
    case X87Op.FFREEP: freeAndPop(i); break;
    case X87Op.FNOP: break;
    default: unreachable();
  }
  return true;
}
