import { BATCH } from './layout.js';

/**
 * One case: the state an instruction starts from and the state its exception leaves. The start is laid out as the
 * driver pops it (fifteen registers, then the frame of IRETQ), the outcome as Linux lays out a signal's registers
 * (`gregs` of the x86-64 ucontext), FXSAVE64 images in both.
 */
export const RECORD = {
  /** RIP, CS, RFLAGS, RSP, SS: 8 bytes each. */
  rip: 120,
  cs: 128,
  rflags: 136,
  rsp: 144,
  ss: 152,
  /** DS, ES, FS, GS: 2 bytes each. */
  selectors: 160,
  fsBase: 168,
  gsBase: 176,
  fx: 192,
  /** {@link AFTER}. */
  after: 704,
  selectorsAfter: 888,
  fsBaseAfter: 896,
  gsBaseAfter: 904,
  fxAfter: 912,
  /** A power of two, so that the frame lies in one 64 KiB block: its address shows in ESP above a 16-bit stack. */
  bytes: 2048,
} as const;

export const RECORDS_BYTES = RECORD.bytes * BATCH;
export const FX_BYTES = 512;

/** Offsets of general registers, by number in ModR/M order, in the start. RSP is in the frame. */
export const START_OF_REGISTER: readonly number[] = [
  112,
  104,
  96,
  88,
  RECORD.rsp,
  80,
  72,
  64,
  56,
  48,
  40,
  32,
  24,
  16,
  8,
  0,
];

/** Offsets of the outcome's fields in the record (order of REG_R8…REG_CR2 in <sys/ucontext.h>). */
export const AFTER = {
  rip: RECORD.after + 16 * 8,
  rflags: RECORD.after + 17 * 8,
  /** CS in bits 15:0, SS in bits 63:48. */
  csAndSs: RECORD.after + 18 * 8,
  error: RECORD.after + 19 * 8,
  vector: RECORD.after + 20 * 8,
  /** The signal that ended the case in the host process, in place of `oldmask`; from an engine only {@link SIGALRM}. */
  signal: RECORD.after + 21 * 8,
  cr2: RECORD.after + 22 * 8,
} as const;

/** Offsets of general registers, by number in ModR/M order, in the outcome. */
export const AFTER_OF_REGISTER: readonly number[] = [13, 14, 12, 11, 15, 10, 9, 8, 0, 1, 2, 3, 4, 5, 6, 7].map(
  (index) => RECORD.after + index * 8,
);

/** Fields of an FXSAVE64 image (SDM vol. 1, table 10-2). */
export const FX = { fcw: 0, fsw: 2, ftw: 4, fop: 6, fip: 8, fdp: 16, mxcsr: 24, st: 32, xmm: 160, end: 416 } as const;

/** What a case that came to no end gets as its signal. */
export const SIGALRM = 14;
