import type { RegionCode } from '../code/region-code.js';
import type { Decoded } from '../decode/decoded.js';
import type { FlagEffect } from '../region/flag-use.js';

/** How regions execute one kind of instruction (docs/translator.md). */
export interface Lowering {
  /** Whether this instruction is one it can do; one that it cannot is handed to the core. */
  readonly accepts?: (instruction: Decoded) => boolean;
  /** What it does to the arithmetic flags. */
  readonly flags: (instruction: Decoded) => FlagEffect;
  /** Whether it may leave the instruction to the interpreter half-way; if not given, whether it touches memory. */
  readonly leaves?: (instruction: Decoded) => boolean;
  /** Writes its code. Nothing architectural may change before the last place it may leave from. */
  readonly emit: (to: RegionCode, instruction: Decoded) => void;
}

export type Lowerings = Readonly<Record<string, Lowering>>;

export const keeps = (): FlagEffect => 'keeps';
export const sets = (): FlagEffect => 'sets';
export const always = (): boolean => true;
