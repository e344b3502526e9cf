/**
 * Layouts of the structures KVM's calls take (Linux arch/x86/include/uapi/asm/kvm.h): byte offsets, and readers and
 * writers between them and the engines' common register types. Sizes stand in `ioctls.ts`.
 */
import type { GeneralRegister, SegmentName, SegmentState, TableRegister } from '../registers.js';

/** struct kvm_regs: 8-byte slots in the kernel's own order. */
export const REGS_ORDER = [
  'rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rsp', 'rbp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
] as const satisfies readonly GeneralRegister[]; // prettier-ignore
export const REGS_OFFSET = Object.fromEntries(REGS_ORDER.map((name, i) => [name, i * 8])) as Readonly<
  Record<GeneralRegister, number>
>;
export const REGS_RIP = 128;
export const REGS_RFLAGS = 136;

/** struct kvm_sregs. */
export const SREGS_SEGMENT: Readonly<Record<SegmentName | 'tr' | 'ldtr', number>> = {
  cs: 0, ds: 24, es: 48, fs: 72, gs: 96, ss: 120, tr: 144, ldtr: 168,
}; // prettier-ignore
export const SREGS_GDT = 192;
export const SREGS_IDT = 208;
export const SREGS_CR0 = 224;
export const SREGS_CR2 = 232;
export const SREGS_CR3 = 240;
export const SREGS_CR4 = 248;
export const SREGS_CR8 = 256;
export const SREGS_EFER = 264;
export const SREGS_APIC_BASE = 272;
/** 256 bits: the external interrupt that waits for delivery, if any. */
export const SREGS_INTERRUPT_BITMAP = 280;

/** struct kvm_segment, 24 bytes. */
const SEGMENT = { base: 0, limit: 8, selector: 12, type: 14, present: 15, dpl: 16, db: 17, s: 18, l: 19, g: 20, avl: 21, unusable: 22 }; // prettier-ignore

/** @param at of a struct kvm_segment */
export function readSegment(view: DataView, at: number): SegmentState {
  const field = (name: keyof typeof SEGMENT): number => view.getUint8(at + SEGMENT[name]);
  const usable = field('unusable') ? 0 : 1;
  return {
    selector: view.getUint16(at + SEGMENT.selector, true),
    base: view.getBigUint64(at + SEGMENT.base, true),
    limit: view.getUint32(at + SEGMENT.limit, true),
    attributes:
      field('type') | (field('s') << 4) | (field('dpl') << 5) | ((field('present') & usable) << 7) |
      (field('avl') << 12) | (field('l') << 13) | (field('db') << 14) | (field('g') << 15),
  }; // prettier-ignore
}

/** A segment whose P is clear is written as unusable. */
export function writeSegment(view: DataView, at: number, segment: SegmentState): void {
  const { attributes } = segment;
  const field = (name: keyof typeof SEGMENT, shift: number, mask = 1): void =>
    view.setUint8(at + SEGMENT[name], (attributes >>> shift) & mask);
  view.setUint16(at + SEGMENT.selector, segment.selector, true);
  view.setBigUint64(at + SEGMENT.base, segment.base, true);
  view.setUint32(at + SEGMENT.limit, segment.limit, true);
  field('type', 0, 15);
  field('s', 4);
  field('dpl', 5, 3);
  field('present', 7);
  field('avl', 12);
  field('l', 13);
  field('db', 14);
  field('g', 15);
  view.setUint8(at + SEGMENT.unusable, attributes & 0x80 ? 0 : 1);
}

/** @param at of a struct kvm_dtable */
export function readTable(view: DataView, at: number): TableRegister {
  return { base: view.getBigUint64(at, true), limit: view.getUint16(at + 8, true) };
}

export function writeTable(view: DataView, at: number, { base, limit }: TableRegister): void {
  view.setBigUint64(at, base, true);
  view.setUint16(at + 8, limit, true);
}

/** struct kvm_vcpu_events. */
export const EVENTS = {
  exceptionInjected: 0, exceptionVector: 1, exceptionHasError: 2, exceptionPending: 3, exceptionError: 4,
  interruptInjected: 8, interruptVector: 9, interruptSoft: 10, interruptShadow: 11,
  nmiInjected: 12, nmiPending: 13, nmiMasked: 14, sipiVector: 16, flags: 20,
} as const; // prettier-ignore
/** Fields of {@link EVENTS} the kernel shall take. */
export const EVENTS_VALID_NMI_PENDING = 1;
export const EVENTS_VALID_SHADOW = 4;
export const SHADOW_MOV_SS = 1;
export const SHADOW_STI = 2;

/** struct kvm_debugregs: DR0–DR3, then these. */
export const DEBUG_DR6 = 32;
export const DEBUG_DR7 = 40;

/** struct kvm_mp_state. */
export const MP_RUNNABLE = 0;
export const MP_HALTED = 3;

/** struct kvm_userspace_memory_region. */
export const REGION = { slot: 0, flags: 4, guestAddress: 8, bytes: 16, hostAddress: 24 } as const;
export const REGION_LOG_DIRTY = 1;
export const REGION_READONLY = 2;

/** struct kvm_cpuid_entry2, behind a header whose first word counts them. */
export const CPUID = { function: 0, index: 4, flags: 8, eax: 12, ebx: 16, ecx: 20, edx: 24 } as const;
export const CPUID_SIGNIFICANT_INDEX = 1;

/** struct kvm_msr_entry, behind a header whose first word counts them. */
export const MSR = { index: 0, data: 8 } as const;
