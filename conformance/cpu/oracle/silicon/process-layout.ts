import { DRIVER } from '../layout.js';

/** Cells the process-side program shares with its caller. */
export const CONTROL = {
  /** Address of the record being executed, and of the end of the batch. */
  current: DRIVER,
  end: DRIVER + 8,
  /** What the host gets back. */
  stack: DRIVER + 16,
  fsBase: DRIVER + 24,
  gsBase: DRIVER + 32,
  /** Not 0 while cases are being executed. */
  active: DRIVER + 40,
  /** The thread's protection-key rights, which the kernel resets for signal handlers. */
  keyRights: DRIVER + 48,
  fx: DRIVER + 64,
} as const;

export const PROGRAM = DRIVER + 0x1000;
export const SIGNAL_STACK = DRIVER + 0x10000;
export const SIGNAL_STACK_BYTES = 0x20000;
