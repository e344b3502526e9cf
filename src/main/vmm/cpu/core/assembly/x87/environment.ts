import {
  EXCEPTIONS, X87_CELLS, getFcs, getFcw, getFdp, getFds, getFip, getFop, getFsw, getValid, setFcs, setFdp, setFds, setFip, setFop, setFsw, setValid,
} from '../fp/state'; // prettier-ignore
import { initialize, loadControl } from './control';
import { significandOf, signExponentOf, st, writeCell } from './stack';

/**
 * FNSTENV, FLDENV, FNSAVE, FRSTOR images in their four layouts (SDM vol. 1, figures 8-9 to 8-12), and the full tag word.
 */

/** Format bits as the core passes them. */
const SIZE16: u32 = 1;
const PROTECTED: u32 = 2;

const TAG_VALID: u32 = 0;
const TAG_ZERO: u32 = 1;
const TAG_SPECIAL: u32 = 2;
const TAG_EMPTY: u32 = 3;

export function environmentBytes(format: u32): u32 {
  return format & SIZE16 ? 14 : 28;
}

function tagOf(register: u32): u32 {
  if (((getValid() >> register) & 1) == 0) return TAG_EMPTY;
  const cell = X87_CELLS + ((<usize>register) << 4);
  const exponent = signExponentOf(cell) & 0x7fff;
  const significand = significandOf(cell);
  if (exponent == 0) return significand == 0 ? TAG_ZERO : TAG_SPECIAL;
  return exponent == 0x7fff || significand >> 63 == 0 ? TAG_SPECIAL : TAG_VALID;
}

export function tagWord(): u32 {
  let word: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) word |= tagOf(i) << (i << 1);
  return word;
}

/** Only "empty" is taken from a loaded tag word; the rest follows from the contents. */
function setTagWord(word: u32): void {
  let valid: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) if (((word >> (i << 1)) & 3) != TAG_EMPTY) valid |= 1 << i;
  setValid(valid);
}

/** Word `index` of an environment: 16 bits wide, or the low half of a doubleword whose high half is given. */
function put(memory: usize, format: u32, index: u32, value: u32, high: u32): void {
  if (format & SIZE16) store<u16>(memory + (index << 1), <u16>value);
  else store<u32>(memory + (index << 2), (value & 0xffff) | (high << 16));
}

function get(memory: usize, format: u32, index: u32): u32 {
  return format & SIZE16 ? <u32>load<u16>(memory + (index << 1)) : load<u32>(memory + (index << 2));
}

/** FNSTENV: having stored the environment, masks every exception. */
export function storeEnvironment(memory: usize, format: u32): void {
  putEnvironment(memory, format);
  loadControl(getFcw() | EXCEPTIONS);
}

function putEnvironment(memory: usize, format: u32): void {
  put(memory, format, 0, getFcw(), 0xffff);
  put(memory, format, 1, getFsw(), 0xffff);
  put(memory, format, 2, tagWord(), 0xffff);
  if (format & PROTECTED) {
    put(memory, format, 3, <u32>getFip(), (<u32>getFip()) >> 16);
    put(memory, format, 4, getFcs(), getFop());
    put(memory, format, 5, <u32>getFdp(), (<u32>getFdp()) >> 16);
    put(memory, format, 6, getFds(), 0xffff);
    return;
  }
  // Real-address format: linear addresses; bits 16 and up are left-aligned in the next field, above the opcode.
  const code = <u32>getFip() + (getFcs() << 4);
  const data = <u32>getFdp() + (getFds() << 4);
  put(memory, format, 3, code, 0xffff);
  put(memory, format, 4, ((code >> 16) << 12) | getFop(), code >> 20);
  put(memory, format, 5, data, 0xffff);
  put(memory, format, 6, (data >> 16) << 12, data >> 20);
}

export function loadEnvironment(memory: usize, format: u32): void {
  setFsw(get(memory, format, 1) & 0xffff);
  setTagWord(get(memory, format, 2));
  if (format & PROTECTED) {
    const selectorAndOpcode = get(memory, format, 4);
    setFip(<u64>get(memory, format, 3));
    setFcs(selectorAndOpcode & 0xffff);
    setFdp(<u64>get(memory, format, 5));
    setFds(get(memory, format, 6) & 0xffff);
    setFop(format & SIZE16 ? 0 : (selectorAndOpcode >> 16) & 0x7ff);
  } else {
    const codeHigh = get(memory, format, 4);
    setFip(<u64>((get(memory, format, 3) & 0xffff) | ((codeHigh >> 12) << 16)));
    setFdp(<u64>((get(memory, format, 5) & 0xffff) | ((get(memory, format, 6) >> 12) << 16)));
    setFcs(0);
    setFds(0);
    setFop(codeHigh & 0x7ff);
  }
  loadControl(get(memory, format, 0));
}

export function saveState(memory: usize, format: u32): void {
  putEnvironment(memory, format);
  let at = memory + environmentBytes(format);
  for (let i: u32 = 0; i < 8; i++) {
    const cell = st(i);
    store<u64>(at, significandOf(cell));
    store<u16>(at, <u16>signExponentOf(cell), 8);
    at += 10;
  }
  initialize();
}

export function restoreState(memory: usize, format: u32): void {
  loadEnvironment(memory, format);
  let at = memory + environmentBytes(format);
  for (let i: u32 = 0; i < 8; i++) {
    writeCell(st(i), <u32>load<u16>(at, 8), load<u64>(at));
    at += 10;
  }
}
