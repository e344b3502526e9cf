import type { CaseTable } from './case-table.js';
import { FLAGS_DEFINED, FLAGS_DEFINED_IF_COUNT, FLAGS_KEPT, FLAGS_UNKNOWN } from './flag-effects.js';
import type { Instruction } from './opcode.js';
import { modifyRegister, sourceValues } from './case-text.js';
import { fuse } from './fused-pairs.js';

/** Results without flags, of operands of type T; wasm takes shift counts modulo the width. */
const QUIET: Readonly<Record<string, (type: string, a: string, b: string) => string>> = {
  add: (type, a, b) => `<${type}>(${a} + ${b})`,
  sub: (type, a, b) => `<${type}>(${a} - ${b})`,
  adc: (type, a, b) => `<${type}>(${a} + ${b} + <${type}>getCF())`,
  sbb: (type, a, b) => `<${type}>(${a} - ${b} - <${type}>getCF())`,
  and: (type, a, b) => `<${type}>(${a} & ${b})`,
  or: (type, a, b) => `<${type}>(${a} | ${b})`,
  xor: (type, a, b) => `<${type}>(${a} ^ ${b})`,
  imul: (type, a, b) => `<${type}>(${a} * ${b})`,
  shl: (type, a, b) => `<${type}>(${a} << <${type}>${b})`,
  shr: (type, a, b) => `<${type}>(${a} >>> <${type}>${b})`,
  sar: (type, a, b) => `<${type}>(<${type.replace('u', 'i')}>${a} >> <${type.replace('u', 'i')}>${b})`,
  inc: (type, a) => `<${type}>(${a} + 1)`,
  dec: (type, a) => `<${type}>(${a} - 1)`,
  neg: (type, a) => `<${type}>(0 - ${a})`,
};

const DEFINES = new Set(['add', 'sub', 'and', 'or', 'xor', 'cmp', 'test', 'imul', 'neg']);
const KEEPS = new Set(['move', 'zeroExtend', 'signExtend', 'lea', 'not', 'byteSwap']);
const SHIFTS = new Set(['shl', 'shr', 'sar']);
/** Leave CF, or all flags by a count of zero, as they were. */
const DEFINES_SOME = new Set(['inc', 'dec', 'shl', 'shr', 'sar']);

/** Tells what the register form of an integer instruction does to the flags, and makes its quiet and fused cases. */
export function describeFlags(id: number, row: Instruction, type: string, cases: CaseTable): void {
  if (row.operands.includes('O')) return;
  const flags = effect(row);
  const quiet = type === 'u32' || type === 'u64' ? quietCase(row, type, cases) : 0;
  if (flags !== undefined || quiet) cases.describe(id, { flags: flags ?? FLAGS_UNKNOWN, quiet });
  fuse(id, row, type, cases);
}

function effect({ execute, operands, form }: Instruction): number | undefined {
  if (form === 'inline' || KEEPS.has(execute)) return FLAGS_KEPT;
  if (DEFINES.has(execute)) return FLAGS_DEFINED;
  if (SHIFTS.has(execute) && operands.endsWith(',1')) return FLAGS_DEFINED;
  if (SHIFTS.has(execute) && operands.endsWith(',Ib')) return FLAGS_DEFINED_IF_COUNT;
  return DEFINES_SOME.has(execute) ? FLAGS_KEPT : undefined;
}

function quietCase(row: Instruction, type: string, cases: CaseTable): number {
  if (row.form === 'compare') return cases.inline('');
  const result = QUIET[row.execute];
  if (!result) return 0;
  const [a, b] = sourceValues(row, type, false);
  const body = result(type, a!, b ?? '');
  const target = row.operands.split(',')[0]!;
  if (row.form === 'modify') return cases.inline(modifyRegister(target, type, body));
  return cases.inline(`putRegister<${type}>(slotA(op), ${body});`);
}
