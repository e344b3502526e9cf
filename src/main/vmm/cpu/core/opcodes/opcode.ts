/** CPUID feature an instruction depends on; what the engine advertises and what the table holds must agree (a test). */
export type Feature =
  | 'base'
  | 'cmov'
  | 'cx8'
  | 'cx16'
  | 'popcnt'
  | 'movbe'
  | 'tsc'
  | 'rdtscp'
  | 'rdrand'
  | 'rdseed'
  | 'sep'
  | 'syscall'
  | 'msr'
  | 'fsgsbase'
  | 'smap'
  | 'invpcid'
  | 'clflush'
  | 'fxsr'
  | 'xsave'
  | 'monitor'
  | 'lahf'
  | 'prefetchw'
  | 'long'
  | 'fpu'
  | 'mmx'
  | 'sse'
  | 'sse2'
  | 'sse3'
  | 'ssse3'
  | 'sse4.1'
  | 'sse4.2';

/**
 * One encoding of an integer or system instruction.
 *
 * `encoding` is the manual's: an optional mandatory prefix (NP, 66, F2, F3), opcode bytes (the last may end in `+r` for
 * a register in its low three bits), then `/r`, `/0`–`/7` with an optional `m` or `r` for the memory or register form
 * only, or a whole ModR/M byte after `/`, such as `/C1`.
 * `operands` are Intel's appendix-A letters (SDM vol. 2, A.2), destination first.
 */
export interface Instruction {
  readonly encoding: string;
  readonly mnemonic: string;
  readonly operands: string;
  /** Function of the core that executes it, `name` generic over the operand size or `name!` when it is not. */
  readonly execute: string;
  /** How the generated main loop fetches and stores operands around {@link execute}. */
  readonly form: Form;
  readonly feature: Feature;
  /** Only in 64-bit mode, only outside it, or (default) in both. */
  readonly mode?: 'long' | 'legacy';
  /** LOCK is allowed with a memory destination; names the read-modify-write kind of lock.ts. */
  readonly lock?: string;
  /** Default operand size in 64-bit mode is 64 bits (`default64`) or always 64 bits (`always64`). */
  readonly size?: 'default64' | 'always64';
  /** Arithmetic flags left undefined (SDM vol. 2, per instruction), as letters of "oszapc". */
  readonly undefinedFlags?: string;
}

/**
 * - `write`, `modify`, `compare`: inline; the first operand is written, read and written, or only read
 * - `address`: LEA
 * - `condition`: inline, the condition is in the opcode's low four bits
 * - `call`: an out-of-line function gets the op's address and returns the next op's
 * - `end`: as `call`, and decoding of the block ends here
 */
export type Form = 'write' | 'modify' | 'compare' | 'address' | 'jcc' | 'setcc' | 'cmov' | 'inline' | 'call' | 'end';

/** An MMX or SSE data instruction: decoded and fed by the core, executed by `execSimd` or `execMmx`. */
export interface SimdInstruction {
  readonly encoding: string;
  readonly mnemonic: string;
  /**
   * V xmm (reg), W xmm or memory, U xmm (r/m), P mmx (reg), Q mmx or memory, N mmx (r/m), E general or memory,
   * G general (reg), M memory, I imm8. Second letter of E and G: b w d q, or y = d or q by REX.W.
   */
  readonly operands: string;
  /** A SimdOp. */
  readonly op: number;
  /** Width of a memory operand. */
  readonly bytes: 0 | 1 | 2 | 4 | 8 | 16;
  /** #GP when a memory operand is not 16-byte aligned. */
  readonly aligned?: boolean;
  /** Merges the handler's `simdFlags` into EFLAGS. */
  readonly setsFlags?: boolean;
  /** Takes ECX from the handler's `simdIndex`. */
  readonly setsIndex?: boolean;
  readonly feature: Feature;
}

/** An x87 instruction; `D8 /0` for the memory form, `D8 C0+i` or `D9 E8` for register forms. */
export interface X87Instruction {
  readonly encoding: string;
  readonly mnemonic: string;
  readonly operands: string;
  /** An X87Op. */
  readonly op: number;
  /** Width of the memory operand in bytes, with a 32-bit operand size where that matters. */
  readonly bytes: number;
  /** The same with a 16-bit operand size, where it differs (environment and state images). */
  readonly bytes16?: number;
  readonly access: 'none' | 'load' | 'store';
  /** Reports a pending unmasked exception first (#MF). */
  readonly waits: boolean;
  readonly setsFlags?: boolean;
  /** Records FIP, FDP and FOP. */
  readonly pointers: boolean;
}
