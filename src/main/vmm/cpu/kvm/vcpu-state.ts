import { MSR_CELLS } from '../core/msr-cells.js';
import { GENERAL_REGISTERS, SEGMENT_NAMES, type CpuState, type SegmentName, type SegmentState } from '../registers.js';
import { SIZE, VCPU_IOCTL } from './ioctls.js';
import type { KvmVcpu } from './kvm-vm.js';
import * as K from './structs.js';

/** The engines' common state against the kernel's structures. Nothing may be in flight in the vCPU. */

/** Bytes of the legacy area and the header: x87 and SSE, all that XCR0 can have. */
const XSAVE_BYTES = 576;
/** Bytes of the legacy area that are software's (SDM vol. 1, table 10-2): the kernel leaves notes of its own there. */
const XSAVE_SOFTWARE = { from: 464, to: 512 } as const;
/** XSTATE_BV: which components are not in their initial state. A host keeps others as well, protection keys for one. */
const XSTATE_BV = 512;
const X87_AND_SSE = 3n;
const EFER = 0xc000_0080;
/** Kept as an offset to virtual time in the common state, so not a plain copy. */
const TIME_STAMP_COUNTER = 0x10;

const PLAIN_MSRS = MSR_CELLS.map(([index]) => index).filter((index) => index !== EFER && index !== TIME_STAMP_COUNTER);

/** What the vCPU itself does not know. */
export interface OutsideState {
  readonly cr8: number;
  readonly halted: boolean;
  readonly tscOffset: bigint;
  /** Values of registers this kernel does not keep, from the state loaded last. */
  readonly keptMsrs: Readonly<Record<number, bigint>>;
}

export function readVcpuState(vcpu: KvmVcpu, outside: OutsideState): CpuState {
  const { view } = vcpu.memory;
  const regs = vcpu.get(VCPU_IOCTL.getRegs);
  const named = <Name extends string, Value>(
    names: readonly Name[],
    read: (name: Name) => Value,
  ): Record<Name, Value> => Object.fromEntries(names.map((name) => [name, read(name)])) as Record<Name, Value>;
  const general = named(GENERAL_REGISTERS, (name) => view.getBigUint64(regs + K.REGS_OFFSET[name], true));
  const rip = view.getBigUint64(regs + K.REGS_RIP, true);
  const rflags = view.getBigUint64(regs + K.REGS_RFLAGS, true);
  const sregs = vcpu.get(VCPU_IOCTL.getSregs);
  const u64 = (offset: number): bigint => view.getBigUint64(sregs + offset, true);
  const segment = (name: SegmentName | 'tr' | 'ldtr'): SegmentState =>
    K.readSegment(view, sregs + K.SREGS_SEGMENT[name]);
  const system = {
    segments: named(SEGMENT_NAMES, segment),
    ldtr: segment('ldtr'),
    tr: segment('tr'),
    gdtr: K.readTable(view, sregs + K.SREGS_GDT),
    idtr: K.readTable(view, sregs + K.SREGS_IDT),
    cr0: u64(K.SREGS_CR0),
    cr2: u64(K.SREGS_CR2),
    cr3: u64(K.SREGS_CR3),
    cr4: u64(K.SREGS_CR4),
  };
  const efer = u64(K.SREGS_EFER);
  const msrs: Record<number, bigint> = { [EFER]: efer, [TIME_STAMP_COUNTER]: outside.tscOffset };
  for (const index of PLAIN_MSRS) msrs[index] = vcpu.readMsr(index) ?? outside.keptMsrs[index] ?? 0n;
  return {
    version: 1,
    general,
    rip,
    rflags,
    ...system,
    cr8: BigInt(outside.cr8),
    xcr0: readXcr0(vcpu),
    debug: readDebug(vcpu),
    msrs,
    xsave: readXsave(vcpu),
    halted: outside.halted,
    ...readEvents(vcpu),
  };
}

function readXcr0(vcpu: KvmVcpu): bigint {
  const { view } = vcpu.memory;
  const xcrs = vcpu.get(VCPU_IOCTL.getXcrs);
  return view.getUint32(xcrs, true) === 0 ? 1n : view.getBigUint64(xcrs + 16, true);
}

function readDebug(vcpu: KvmVcpu): bigint[] {
  const at = vcpu.get(VCPU_IOCTL.getDebugRegs);
  return Array.from({ length: 6 }, (_, i) => vcpu.memory.view.getBigUint64(at + i * 8, true));
}

function readXsave(vcpu: KvmVcpu): Uint8Array {
  const at = vcpu.get(VCPU_IOCTL.getXsave);
  const area = vcpu.memory.bytes.slice(at, at + XSAVE_BYTES).fill(0, XSAVE_SOFTWARE.from, XSAVE_SOFTWARE.to);
  const view = new DataView(area.buffer);
  view.setBigUint64(XSTATE_BV, view.getBigUint64(XSTATE_BV, true) & X87_AND_SSE, true);
  return area;
}

function readEvents(vcpu: KvmVcpu): Pick<CpuState, 'interruptShadow' | 'nmiMasked' | 'nmiPending'> {
  const at = vcpu.get(VCPU_IOCTL.getVcpuEvents);
  const byte = (field: keyof typeof K.EVENTS): number => vcpu.memory.view.getUint8(at + K.EVENTS[field]);
  const shadow = byte('interruptShadow');
  return {
    interruptShadow: shadow & K.SHADOW_MOV_SS ? 2 : shadow & K.SHADOW_STI ? 1 : 0,
    nmiMasked: byte('nmiMasked') !== 0,
    nmiPending: byte('nmiPending') !== 0 || byte('nmiInjected') !== 0,
  };
}

/** Whether an interrupt or exception is on its way into the guest, which the common state cannot express. */
export function eventInFlight(vcpu: KvmVcpu): boolean {
  const at = vcpu.get(VCPU_IOCTL.getVcpuEvents);
  const byte = (field: keyof typeof K.EVENTS): number => vcpu.memory.view.getUint8(at + K.EVENTS[field]);
  return (byte('interruptInjected') | byte('exceptionInjected') | byte('exceptionPending')) !== 0;
}

/** @throws KvmError if the kernel refuses a part of it */
export function writeVcpuState(vcpu: KvmVcpu, state: CpuState, apicBase: bigint): void {
  writeSregs(vcpu, state, apicBase);
  writeXcr0(vcpu, state.xcr0);
  const { view, bytes, argument } = vcpu.memory;
  vcpu.memory.clear(SIZE.xsave);
  bytes.set(state.xsave.subarray(0, XSAVE_BYTES), argument);
  vcpu.set(VCPU_IOCTL.setXsave);
  vcpu.memory.clear(SIZE.debugRegs);
  state.debug.forEach((value, i) => view.setBigUint64(argument + i * 8, value, true));
  vcpu.set(VCPU_IOCTL.setDebugRegs);
  for (const index of PLAIN_MSRS) vcpu.writeMsr(index, state.msrs[index] ?? 0n);
  vcpu.memory.clear(SIZE.regs);
  for (const name of GENERAL_REGISTERS) view.setBigUint64(argument + K.REGS_OFFSET[name], state.general[name], true);
  view.setBigUint64(argument + K.REGS_RIP, state.rip, true);
  view.setBigUint64(argument + K.REGS_RFLAGS, state.rflags | 2n, true);
  vcpu.set(VCPU_IOCTL.setRegs);
  view.setUint32(argument, K.MP_RUNNABLE, true);
  vcpu.set(VCPU_IOCTL.setMpState);
  writeEvents(vcpu, state);
}

function writeSregs(vcpu: KvmVcpu, state: CpuState, apicBase: bigint): void {
  const { view, argument } = vcpu.memory;
  vcpu.memory.clear(SIZE.sregs);
  const segment = (name: SegmentName | 'tr' | 'ldtr', value: SegmentState): void =>
    K.writeSegment(view, argument + K.SREGS_SEGMENT[name], value);
  for (const name of SEGMENT_NAMES) segment(name, state.segments[name]);
  segment('ldtr', state.ldtr);
  // VM entry wants a busy TSS of the mode's width in TR, whatever was loaded (SDM vol. 3, 26.3.1.2).
  segment('tr', { ...state.tr, attributes: state.tr.attributes | 0x82 | (state.tr.attributes & 0x80 ? 0 : 9) });
  K.writeTable(view, argument + K.SREGS_GDT, state.gdtr);
  K.writeTable(view, argument + K.SREGS_IDT, state.idtr);
  const u64 = (offset: number, value: bigint): void => view.setBigUint64(argument + offset, value, true);
  u64(K.SREGS_CR0, state.cr0);
  u64(K.SREGS_CR2, state.cr2);
  u64(K.SREGS_CR3, state.cr3);
  u64(K.SREGS_CR4, state.cr4);
  u64(K.SREGS_CR8, state.cr8);
  u64(K.SREGS_EFER, state.msrs[EFER] ?? 0n);
  u64(K.SREGS_APIC_BASE, apicBase);
  vcpu.set(VCPU_IOCTL.setSregs);
}

function writeXcr0(vcpu: KvmVcpu, xcr0: bigint): void {
  const { view, argument } = vcpu.memory;
  vcpu.memory.clear(SIZE.xcrs);
  view.setUint32(argument, 1, true);
  view.setBigUint64(argument + 16, xcr0, true);
  vcpu.set(VCPU_IOCTL.setXcrs);
}

function writeEvents(vcpu: KvmVcpu, state: CpuState): void {
  const { view, argument } = vcpu.memory;
  vcpu.memory.clear(SIZE.vcpuEvents);
  const shadow = [0, K.SHADOW_STI, K.SHADOW_MOV_SS][state.interruptShadow]!;
  view.setUint8(argument + K.EVENTS.interruptShadow, shadow);
  view.setUint8(argument + K.EVENTS.nmiPending, state.nmiPending ? 1 : 0);
  view.setUint8(argument + K.EVENTS.nmiMasked, state.nmiMasked ? 1 : 0);
  view.setUint32(argument + K.EVENTS.flags, K.EVENTS_VALID_NMI_PENDING | K.EVENTS_VALID_SHADOW, true);
  vcpu.set(VCPU_IOCTL.setVcpuEvents);
}
