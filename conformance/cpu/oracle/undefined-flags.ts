import type { Instruction } from '../../../src/main/vmm/cpu/core/opcodes/opcode.js';
import type { CaseInfo, CaseStep } from './case-info.js';
import { START_OF_REGISTER } from './record.js';

const FLAG_BITS: Readonly<Record<string, number>> = { c: 1, p: 4, a: 0x10, z: 0x40, s: 0x80, o: 0x800 };
const RCX = 1;

const SHIFTS = /^(rol|ror|rcl|rcr|shl|shr|sar|shld|shrd)$/;

const bits = (letters: string): number => [...letters].reduce((mask, letter) => mask | FLAG_BITS[letter]!, 0);

/** The count of a shift or rotate: the immediate, 1, or CL, as the processor masks it (SDM vol. 2, SAL/SAR/SHL/SHR). */
function shiftCount({ template, code, operandBytes }: CaseStep, record: Uint8Array): number {
  const last = template.operands.at(-1);
  const raw = last === '1' ? 1 : last === 'CL' ? record[START_OF_REGISTER[RCX]!]! : code.at(-1)!;
  return raw & (operandBytes === 8 ? 63 : 31);
}

/**
 * Flags the manual leaves undefined for this very case, as EFLAGS bits. The table's `undefinedFlags` are those that may
 * be (SDM vol. 2, "Flags Affected" of each instruction); a count decides for shifts and rotates:
 * - 0: no flag is touched
 * - 1: OF is defined (SHL … and RCL …), also for SHLD and SHRD
 */
function ignoredOfStep(step: CaseStep, record: Uint8Array): number {
  const { template, operandBytes } = step;
  if (template.family !== 'integer') return 0;
  const { undefinedFlags = '', mnemonic } = template.row as Instruction;
  if (!SHIFTS.test(mnemonic)) return bits(undefinedFlags);
  const count = shiftCount(step, record);
  if (count === 0) return 0;
  let mask = /^r/.test(mnemonic) ? 0 : bits('a');
  if (count > 1) mask |= bits('o');
  // SHL, SHR: CF is undefined where the count is at least the operand's size; SHLD, SHRD: all, beyond it.
  if (/^sh[lr]$/.test(mnemonic) && count >= operandBytes * 8) mask |= bits('c');
  if (/^sh[lr]d$/.test(mnemonic) && count > operandBytes * 8) mask |= bits('oszapc');
  return mask;
}

/** What any of a sequence's instructions may leave undefined: counts are not known, and later ones may not set it again. */
function ignoredOfAny({ template }: CaseStep): number {
  if (template.family !== 'integer') return 0;
  const { undefinedFlags = '', mnemonic } = template.row as Instruction;
  if (!SHIFTS.test(mnemonic)) return bits(undefinedFlags);
  return bits(/^sh[lr]d$/.test(mnemonic) ? 'oszapc' : /^r/.test(mnemonic) ? 'o' : 'oac');
}

/** Flags the manual leaves undefined for this very case, as EFLAGS bits. */
export function ignoredFlags({ steps }: CaseInfo, record: Uint8Array): number {
  const [first, ...others] = steps;
  if (first && others.length === 0) return ignoredOfStep(first, record);
  return steps.reduce((mask, step) => mask | ignoredOfAny(step), 0);
}
