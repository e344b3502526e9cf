import {
  BUSY,
  ES,
  EXCEPTIONS,
  FCW_RESET,
  SF,
  getFcw,
  getFsw,
  setFcs,
  setFcwRaw,
  setFdp,
  setFds,
  setFip,
  setFop,
  setFsw,
  setValid,
} from '../fp/state';
import { markEmpty, pop, setC1, setTop, top, updateSummary } from './stack';

/** Control instructions without operands of their own (SDM vol. 1, 8.3.10). */

/** FCW as stored: bit 6 reads as 1, bits 7 and 13–15 as 0. */
const FCW_WRITABLE: u32 = 0x1f3f;
const FCW_ONES: u32 = 0x40;

export function loadControl(value: u32): void {
  setFcwRaw((value & FCW_WRITABLE) | FCW_ONES);
  updateSummary();
}

export function storeControl(memory: usize): void {
  store<u16>(memory, <u16>getFcw());
}

export function storeStatus(memory: usize): void {
  store<u64>(memory, <u64>(getFsw() & 0xffff));
}

export function initialize(): void {
  setFcwRaw(FCW_RESET);
  setFsw(0);
  setValid(0);
  setFop(0);
  setFip(0);
  setFdp(0);
  setFcs(0);
  setFds(0);
}

export function clearExceptions(): void {
  setFsw(getFsw() & ~(EXCEPTIONS | SF | ES | BUSY));
}

export function incrementTop(): void {
  setTop(top() + 1);
  setC1(false);
}

export function decrementTop(): void {
  setTop(top() - 1);
  setC1(false);
}

export function free(i: u32): void {
  setC1(false);
  markEmpty(i);
}

export function freeAndPop(i: u32): void {
  free(i);
  pop();
}
