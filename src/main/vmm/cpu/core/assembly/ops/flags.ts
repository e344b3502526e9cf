import { EFLAGS, REGS } from '../../layout';
import { raise } from '../exceptions';
import { arithmeticFlags, getCF, setArithmeticFlags, setCF, setSystemFlags } from '../flags';
import { castShadow, halted } from '../loop';
import {
  cpl, FLAG_AC, FLAG_AF, FLAG_CF, FLAG_DF, FLAG_FIXED, FLAG_ID, FLAG_IF, FLAG_IOPL, FLAG_NT, FLAG_OF, FLAG_PF, FLAG_RF,
  FLAG_SF, FLAG_TF, FLAG_VIF, FLAG_VIP, FLAG_VM, FLAG_ZF, FLAGS_ARITHMETIC, GP, iopl, nextOp, opNextRip, protectedMode,
  UD,
} from '../state'; // prettier-ignore

/** Flag instructions. */

/** Every flag this processor has. */
export const FLAG_VISIBLE: u32 =
  FLAGS_ARITHMETIC | FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_RF | FLAG_VM | FLAG_AC | FLAG_VIF | FLAG_VIP | FLAG_ID;

export function complementCarry(op: usize): usize {
  setCF(!getCF());
  return nextOp(op);
}
export function clearCarry(op: usize): usize {
  setCF(false);
  return nextOp(op);
}
export function setCarry(op: usize): usize {
  setCF(true);
  return nextOp(op);
}
export function clearDirection(op: usize): usize {
  store<u32>(EFLAGS, load<u32>(EFLAGS) & ~FLAG_DF);
  return nextOp(op);
}
export function setDirection(op: usize): usize {
  store<u32>(EFLAGS, load<u32>(EFLAGS) | FLAG_DF);
  return nextOp(op);
}

const AH: usize = REGS + 1;
const AH_FLAGS: u32 = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF;
export function storeAhInFlags(op: usize): usize {
  setArithmeticFlags((arithmeticFlags() & FLAG_OF) | (load<u8>(AH) & AH_FLAGS));
  return nextOp(op);
}
export function loadAhFromFlags(op: usize): usize {
  store<u8>(AH, <u8>((arithmeticFlags() & AH_FLAGS) | FLAG_FIXED));
  return nextOp(op);
}

function mayChangeInterrupts(): bool {
  return !protectedMode() || cpl() <= iopl();
}

export function clearInterrupt(op: usize): usize {
  if (!mayChangeInterrupts()) return raise(op, GP, 0);
  setSystemFlags(load<u32>(EFLAGS) & ~FLAG_IF);
  return nextOp(op);
}
/** STI: interrupts are held off until the next instruction is done. */
export function setInterrupt(op: usize): usize {
  if (!mayChangeInterrupts()) return raise(op, GP, 0);
  const flags = load<u32>(EFLAGS);
  if (!(flags & FLAG_IF)) {
    setSystemFlags(flags | FLAG_IF);
    castShadow(1, opNextRip(op));
  }
  return nextOp(op);
}

export function clearAlignment(op: usize): usize {
  if (cpl() != 0 || !protectedMode()) return raise(op, UD, 0);
  setSystemFlags(load<u32>(EFLAGS) & ~FLAG_AC);
  return nextOp(op);
}
export function setAlignment(op: usize): usize {
  if (cpl() != 0 || !protectedMode()) return raise(op, UD, 0);
  setSystemFlags(load<u32>(EFLAGS) | FLAG_AC);
  return nextOp(op);
}

export function halt(op: usize): usize {
  if (cpl() != 0) return raise(op, GP, 0);
  return halted(opNextRip(op));
}
