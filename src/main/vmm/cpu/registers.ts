/**
 * Architectural register state of one vCPU, common to every engine, so that a machine saved under one engine resumes
 * under another. Plain data; 64-bit values are bigint because this is never on a hot path.
 */
export const SEGMENT_NAMES = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;
export type SegmentName = (typeof SEGMENT_NAMES)[number];

/** Encoding order of general registers, as in ModR/M (SDM vol. 2, table 2-2). */
export const GENERAL_REGISTERS = [
  'rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi',
  'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
] as const; // prettier-ignore
export type GeneralRegister = (typeof GENERAL_REGISTERS)[number];

/** Visible selector plus the hidden descriptor cache. */
export interface SegmentState {
  selector: number;
  base: bigint;
  /** In bytes, granularity already applied. */
  limit: number;
  /** Bits 8–23 of the descriptor's second dword, shifted down by 8: type, S, DPL, P, limit 19:16 as 0, AVL, L, D/B, G. 0 in `P` means unusable. */
  attributes: number;
}

export interface TableRegister {
  base: bigint;
  limit: number;
}

/** MSRs a software engine keeps itself, by index; others are the machine's (see MsrBus). */
export interface CpuState {
  readonly version: 1;
  general: Record<GeneralRegister, bigint>;
  rip: bigint;
  rflags: bigint;
  segments: Record<SegmentName, SegmentState>;
  ldtr: SegmentState;
  tr: SegmentState;
  gdtr: TableRegister;
  idtr: TableRegister;
  cr0: bigint;
  cr2: bigint;
  cr3: bigint;
  cr4: bigint;
  cr8: bigint;
  xcr0: bigint;
  /** DR0–DR3, DR6, DR7. */
  debug: bigint[];
  /** MSR index → value. */
  msrs: Record<number, bigint>;
  /** XSAVE standard-format area (legacy 512 bytes + header + components enabled in xcr0), SDM vol. 1, 13.4. */
  xsave: Uint8Array;
  halted: boolean;
  /** Interrupt shadow: 1 = after STI, 2 = after MOV/POP SS. */
  interruptShadow: 0 | 1 | 2;
  nmiMasked: boolean;
  nmiPending: boolean;
  /** Features of the engines' processor that the guest has not been told of since power-on. Without it nothing is known. */
  withheldFeatures?: readonly string[];
}
