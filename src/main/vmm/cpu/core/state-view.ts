import {
  GENERAL_REGISTERS,
  SEGMENT_NAMES,
  type CpuState,
  type SegmentState,
  type TableRegister,
} from '../registers.js';
import * as L from './layout.js';
import { MSR_CELLS } from './msr-cells.js';

const LDTR = 6;
const TR = 7;
const XSAVE_BYTES = 576;
/** Which components are saved (SDM vol. 1, 13.4.2). */
const XSTATE_BV = 512;

/** Reads the architectural state out of the core's memory. RFLAGS is the core's to assemble. */
export function readState(view: DataView, rflags: number, cr8: number, xsave: Uint8Array): CpuState {
  const u64 = (at: number): bigint => view.getBigUint64(at, true);
  const u32 = (at: number): number => view.getUint32(at, true);
  const segment = (index: number): SegmentState => {
    const at = L.SEGMENTS + index * L.SEGMENT_SIZE;
    return {
      selector: view.getUint16(at + L.SEG_SELECTOR, true),
      base: u64(at + L.SEG_BASE),
      limit: u32(at + L.SEG_LIMIT),
      attributes: u32(at + L.SEG_ATTRIBUTES),
    };
  };
  const table = (at: number): TableRegister => ({ base: u64(at), limit: u32(at + 8) });
  const named = <K extends string, V>(names: readonly K[], read: (index: number) => V): Record<K, V> =>
    Object.fromEntries(names.map((name, index) => [name, read(index)])) as Record<K, V>;
  return {
    version: 1,
    general: named(GENERAL_REGISTERS, (i) => u64(L.REGS + i * 8)),
    rip: u64(L.RIP),
    rflags: BigInt(rflags >>> 0),
    segments: named(SEGMENT_NAMES, segment),
    ldtr: segment(LDTR),
    tr: segment(TR),
    gdtr: table(L.GDTR),
    idtr: table(L.IDTR),
    cr0: u64(L.CR0),
    cr2: u64(L.CR2),
    cr3: u64(L.CR3),
    cr4: u64(L.CR4),
    cr8: BigInt(cr8),
    xcr0: u64(L.XCR0),
    debug: Array.from({ length: 6 }, (_, i) => u64(L.DEBUG_REGISTERS + i * 8)),
    msrs: Object.fromEntries(MSR_CELLS.map(([index, at]) => [index, u64(at)])),
    xsave,
    halted: u32(L.HALTED) !== 0,
    interruptShadow: u32(L.SHADOW) as 0 | 1 | 2,
    nmiMasked: u32(L.NMI_MASKED) !== 0,
    nmiPending: (u32(L.EVENTS) & L.EVENT_NMI) !== 0,
  };
}

/** Writes it back; flags and everything derived are the core's to bring in line afterwards. */
export function writeState(view: DataView, state: CpuState): void {
  const u64 = (at: number, value: bigint): void => view.setBigUint64(at, value, true);
  const u32 = (at: number, value: number): void => view.setUint32(at, value, true);
  const segment = (index: number, { selector, base, limit, attributes }: SegmentState): void => {
    const at = L.SEGMENTS + index * L.SEGMENT_SIZE;
    u32(at + L.SEG_SELECTOR, selector);
    u64(at + L.SEG_BASE, base);
    u32(at + L.SEG_LIMIT, limit);
    u32(at + L.SEG_ATTRIBUTES, attributes);
  };
  GENERAL_REGISTERS.forEach((name, i) => u64(L.REGS + i * 8, state.general[name]));
  SEGMENT_NAMES.forEach((name, i) => segment(i, state.segments[name]));
  segment(LDTR, state.ldtr);
  segment(TR, state.tr);
  for (const [at, { base, limit }] of [
    [L.GDTR, state.gdtr],
    [L.IDTR, state.idtr],
  ] as const) {
    u64(at, base);
    u32(at + 8, limit);
  }
  u64(L.RIP, state.rip);
  u64(L.CR0, state.cr0);
  u64(L.CR2, state.cr2);
  u64(L.CR3, state.cr3);
  u64(L.CR4, state.cr4);
  u64(L.XCR0, state.xcr0);
  state.debug.forEach((value, i) => u64(L.DEBUG_REGISTERS + i * 8, value));
  for (const [index, at] of MSR_CELLS) u64(at, state.msrs[index] ?? 0n);
  u32(L.HALTED, state.halted ? 1 : 0);
  u32(L.SHADOW, state.interruptShadow);
  u32(L.NMI_MASKED, state.nmiMasked ? 1 : 0);
  u32(L.STEPPING, 0);
  u32(L.EVENTS, state.nmiPending ? L.EVENT_NMI : 0);
  const { attributes } = state.segments.ss;
  u32(L.CPL, state.cr0 & 1n ? (attributes >>> 5) & 3 : 0);
}

/** @throws RangeError if the state is not one this engine can run */
export function checkState(state: CpuState): void {
  if (state.version !== 1) throw new RangeError('CPU state of an unknown version');
  if (state.xsave.length < XSAVE_BYTES) throw new RangeError('CPU state without a floating-point image');
  if (state.xcr0 & ~3n || !(state.xcr0 & 1n))
    throw new RangeError('CPU state with extended components this engine lacks');
  if (new DataView(state.xsave.buffer, state.xsave.byteOffset).getBigUint64(XSTATE_BV, true) & ~3n)
    throw new RangeError('CPU state that saves extended components this engine lacks');
  if (state.debug.length !== 6) throw new RangeError('CPU state without its debug registers');
}
