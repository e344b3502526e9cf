import {
  FCW_RESET, MXCSR_MASK, MXCSR_RESET, X87_CELLS, getFcs, getFcw, getFdp, getFds, getFip, getFop, getFsw, getMxcsr, getValid,
  setFcs, setFdp, setFds, setFip, setFop, setFsw, setMxcsr, setValid, xmm,
} from './state'; // prettier-ignore
import { initialize, loadControl } from '../x87/control';
import { significandOf, signExponentOf, st, writeCell } from '../x87/stack';

/**
 * FXSAVE and XSAVE areas (SDM vol. 1, 10.5 and 13.4). Functions work on a buffer holding a copy of the guest's memory;
 * `wide` is REX.W (64-bit FIP and FDP), `registers` the number of XMM registers the mode has, 8 or 16.
 */
export const FXSAVE_BYTES: u32 = 512;
/** Legacy region and header. */
export const XSAVE_BYTES: u32 = 576;

const X87: u32 = 1;
const SSE: u32 = 2;
const ST_AREA: usize = 32;
const XMM_AREA: usize = 160;
const MXCSR_FIELD: usize = 24;
const HEADER: usize = 512;

function saveX87(area: usize, wide: bool): void {
  store<u16>(area, <u16>getFcw());
  store<u16>(area, <u16>getFsw(), 2);
  store<u16>(area, <u16>getValid(), 4);
  store<u16>(area, <u16>getFop(), 6);
  if (wide) {
    store<u64>(area, getFip(), 8);
    store<u64>(area, getFdp(), 16);
  } else {
    store<u32>(area, <u32>getFip(), 8);
    store<u32>(area, getFcs(), 12);
    store<u32>(area, <u32>getFdp(), 16);
    store<u32>(area, getFds(), 20);
  }
  for (let i: u32 = 0; i < 8; i++) {
    const at = area + ST_AREA + ((<usize>i) << 4);
    store<u64>(at, significandOf(st(i)));
    store<u64>(at, <u64>signExponentOf(st(i)), 8);
  }
}

function loadX87(area: usize, wide: bool): void {
  setFsw(<u32>load<u16>(area, 2));
  setValid(<u32>load<u8>(area, 4));
  setFop((<u32>load<u16>(area, 6)) & 0x7ff);
  if (wide) {
    setFip(load<u64>(area, 8));
    setFdp(load<u64>(area, 16));
    setFcs(0);
    setFds(0);
  } else {
    setFip(<u64>load<u32>(area, 8));
    setFcs(<u32>load<u16>(area, 12));
    setFdp(<u64>load<u32>(area, 16));
    setFds(<u32>load<u16>(area, 20));
  }
  loadControl(<u32>load<u16>(area));
  for (let i: u32 = 0; i < 8; i++) {
    const at = area + ST_AREA + ((<usize>i) << 4);
    writeCell(st(i), <u32>load<u16>(at, 8), load<u64>(at));
  }
}

function saveXmm(area: usize, registers: u32): void {
  memory.copy(area + XMM_AREA, xmm(0), registers << 4);
}

function loadXmm(area: usize, registers: u32): void {
  memory.copy(xmm(0), area + XMM_AREA, registers << 4);
}

function saveMxcsr(area: usize): void {
  store<u32>(area, getMxcsr(), MXCSR_FIELD);
  store<u32>(area, MXCSR_MASK, MXCSR_FIELD + 4);
}

function mxcsrIsValid(area: usize): bool {
  return (load<u32>(area, MXCSR_FIELD) & ~MXCSR_MASK) == 0;
}

/** Leaves the bytes alone that FXSAVE does not define (SDM vol. 1, table 10-2: reserved, and 464–511). */
export function fxsave(area: usize, wide: bool, registers: u32): void {
  saveX87(area, wide);
  saveMxcsr(area);
  saveXmm(area, registers);
}

/** @returns false for a reserved MXCSR bit: #GP(0), nothing is loaded */
export function fxrstor(area: usize, wide: bool, registers: u32): bool {
  if (!mxcsrIsValid(area)) return false;
  loadX87(area, wide);
  setMxcsr(load<u32>(area, MXCSR_FIELD));
  loadXmm(area, registers);
  return true;
}

function x87InUse(): bool {
  if (getFcw() != FCW_RESET || getFsw() != 0 || getValid() != 0 || getFop() != 0) return true;
  if ((getFip() | getFdp()) != 0 || (getFcs() | getFds()) != 0) return true;
  let bits: u64 = 0;
  for (let i: u32 = 0; i < 8; i++)
    bits |= load<u64>(X87_CELLS + ((<usize>i) << 4)) | load<u64>(X87_CELLS + ((<usize>i) << 4), 8);
  return bits != 0;
}

function xmmInUse(registers: u32): bool {
  let bits = i64x2.splat(0);
  for (let i: u32 = 0; i < registers; i++) bits = v128.or(bits, v128.load(xmm(i)));
  return v128.any_true(bits);
}

/** XINUSE: the components that are not in their initial configuration (SDM vol. 1, 13.6). */
export function componentsInUse(registers: u32): u32 {
  return (x87InUse() ? X87 : 0) | (xmmInUse(registers) ? SSE : 0);
}

/**
 * XSAVE, or with `optimize` XSAVEOPT's init optimization, of the components in `requested` (EDX:EAX and XCR0). The
 * buffer must hold the guest's present area, of which XSTATE_BV bits not requested survive.
 */
export function xsave(area: usize, requested: u32, wide: bool, registers: u32, optimize: bool): void {
  const used = componentsInUse(registers);
  const saved = optimize ? requested & used : requested;
  if (saved & X87) saveX87(area, wide);
  if (requested & SSE) saveMxcsr(area);
  if (saved & SSE) saveXmm(area, registers);
  store<u64>(area, (load<u64>(area, HEADER) & ~(<u64>requested)) | (<u64>(requested & used)), HEADER);
}

/**
 * XRSTOR of a standard-format area.
 * @returns false for what the processor answers with #GP(0): a component outside XCR0, a compacted or otherwise
 * reserved header, a reserved MXCSR bit; nothing is loaded then
 */
export function xrstor(area: usize, requested: u32, xcr0: u64, wide: bool, registers: u32): bool {
  const present = load<u64>(area, HEADER);
  if ((present & ~xcr0) != 0 || (load<u64>(area, HEADER + 8) | load<u64>(area, HEADER + 16)) != 0) return false;
  if (requested & SSE && !mxcsrIsValid(area)) return false;
  if (requested & X87) {
    if (present & X87) loadX87(area, wide);
    else initializeX87();
  }
  if (requested & SSE) {
    setMxcsr(load<u32>(area, MXCSR_FIELD));
    if (present & SSE) loadXmm(area, registers);
    else memory.fill(xmm(0), 0, registers << 4);
  }
  return true;
}

function initializeX87(): void {
  initialize();
  memory.fill(X87_CELLS, 0, 128);
}

/** Power-on state (SDM vol. 3, table 9-1): x87 as after FNINIT but all registers +0 and FCW 0040h; INIT leaves it alone. */
export function resetFloatingPoint(): void {
  initializeX87();
  loadControl(0x40);
  setValid(0xff);
  setMxcsr(MXCSR_RESET);
  memory.fill(xmm(0), 0, 256);
}
