import type { Mode } from './generate/case-builder.js';
import type { Template } from './generate/template.js';

/** One instruction of a case. */
export interface CaseStep {
  readonly template: Template;
  readonly code: readonly number[];
  /** Operand size and address size in bytes. */
  readonly operandBytes: number;
  readonly addressBytes: number;
  readonly inMemory: boolean;
  /** Linear address of the memory operand. */
  readonly linear: number;
  readonly prefix: 'none' | 'segment' | 'repeat' | 'lock';
}

/** What is known of a case apart from its record: one instruction, or a short sequence. */
export interface CaseInfo {
  readonly mode: Mode;
  readonly rip: number;
  /** Empty once the case has been given up as too dangerous for the process it would run in. */
  readonly steps: readonly CaseStep[];
  /** All of its code, where there is more than its steps: a region. */
  readonly body?: readonly number[];
}

export function codeOf({ steps, body }: CaseInfo): number[] {
  return body ? [...body] : steps.flatMap(({ code }) => [...code]);
}

/** Whether one of a case's instructions is such. */
export function anyStep({ steps }: CaseInfo, is: (mnemonic: string) => boolean): boolean {
  return steps.some(({ template }) => is(template.mnemonic));
}
