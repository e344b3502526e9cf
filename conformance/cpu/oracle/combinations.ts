import type { CaseStep } from './case-info.js';
import { MODES, type Mode } from './generate/case-builder.js';
import { hookOf } from './generate/hooks.js';
import { mayRepeat, mayResize, operandBytes } from './generate/instruction.js';
import { existsIn, type Template } from './generate/template.js';

/** Instructions without ModR/M that the address size means something to: strings, tables, offsets, counts in CX. */
const ADDRESSED = /^(movs|cmps|stos|lods|scas|ins|outs)b?$|^xlat$|^loop(n?e)?$|^jrcxz$/;
const STRING = /^(movs|cmps|stos|lods|scas|ins|outs)b?$/;

const sizedByAddress = ({ mnemonic, operands }: Template): boolean =>
  ADDRESSED.test(mnemonic) || operands.some((operand) => operand.startsWith('O'));

/**
 * How an instruction's operand is addressed: a register, or memory by 16-, 32- or 64-bit addresses; without ModR/M not
 * at all, or by a register or an offset of that many bits.
 */
function formOf(template: Template, inMemory: boolean, addressBytes: number): string {
  if (!template.encoding.modrm) return sizedByAddress(template) ? `a${addressBytes * 8}` : '-';
  if (template.mnemonic.startsWith('maskmov')) return `a${addressBytes * 8}`;
  return inMemory ? `m${addressBytes * 8}` : 'reg';
}

const lockable = ({ row }: Template): boolean => 'lock' in row;
const repeatable = (template: Template): boolean => mayRepeat(template) && STRING.test(template.mnemonic);

/** Prefixes that mean something to a row: LOCK where it is allowed, repeats for strings. */
function prefixOf({ template, prefix }: CaseStep): CaseStep['prefix'] {
  if (prefix === 'lock' && !lockable(template)) return 'none';
  if (prefix === 'repeat' && !repeatable(template)) return 'none';
  return prefix;
}

export const rowOf = ({ mnemonic, row }: Template): string =>
  `${mnemonic} ${row.encoding} ${row.operands ?? ''}`.trim();

const named = (template: Template, bytes: number, form: string, prefix: string): string =>
  `${rowOf(template)} | ${bytes * 8} | ${form} | ${prefix}`;

/** Name of what is counted as one: row of the opcode table, operand size, operand, prefix. */
export function combinationOf(step: CaseStep): string {
  const { template, operandBytes: bytes, inMemory, addressBytes } = step;
  return named(template, bytes, formOf(template, inMemory, addressBytes), prefixOf(step));
}

/** Sizes of operands and addresses by the default size of code that is not 64-bit. */
const LEGACY_WIDTHS = { flat32: 4, segmented32: 4, segmented16: 2 } as const;

/** Names of all combinations a row has in code of a mode; none if it does not exist there. */
export function combinationsIn(mode: Mode, template: Template): ReadonlySet<string> {
  const { encoding, memoryForm, registerForm } = template;
  const names = new Set<string>();
  if (!existsIn(template, mode)) return names;
  const long = mode === 'long';
  const width = long ? 4 : LEGACY_WIDTHS[mode];
  const resizes = mayResize(template) ? [false, true] : [false];
  const wides = !long || encoding.rexW === false ? [false] : encoding.rexW ? [true] : [false, true];
  const prefixes = ['none'];
  if (!hookOf(template)?.control || mode.startsWith('segmented')) prefixes.push('segment');
  if (lockable(template)) prefixes.push('lock');
  if (repeatable(template)) prefixes.push('repeat');
  const operands = encoding.modrm ? [...(memoryForm ? [true] : []), ...(registerForm ? [false] : [])] : [false];
  for (const resized of resizes)
    for (const wide of wides)
      for (const address of long ? [8, 4] : [4, 2])
        for (const inMemory of operands)
          for (const prefix of prefixes) {
            const bytes = operandBytes({ long, width }, template, resized, wide);
            names.add(named(template, bytes, formOf(template, inMemory, address), prefix));
          }
  return names;
}

/** The same in any mode. */
export function combinationsOf(template: Template): ReadonlySet<string> {
  return new Set(MODES.flatMap((mode) => [...combinationsIn(mode, template)]));
}
