import type { CaseTable } from './case-table.js';
import type { Instruction } from './opcode.js';
import { condition, modifyRegister, sourceValues, TAKE_JUMP } from './case-text.js';

/**
 * Pairs of an instruction and the conditional jump behind it that are one case, as processors fuse them: one dispatch,
 * and the condition comes from the operands. The jump keeps its own op, which the case reads and others may jump to.
 */
interface Fusible {
  readonly conditions: readonly number[];
  /** The condition of an even number, of operands `a` and `b` and result `r`; undefined where the flags must be read. */
  readonly test: (index: number, type: string, signed: string) => string | undefined;
}

/** Conditions 2 below, 4 equal, 6 below or equal, 8 sign, 12 less, 14 less or equal, each with its negation. */
const ORDER = [2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15];
const SIGN = [4, 5, 8, 9];

const ofResult = (index: number, signed: string): string | undefined => {
  if (index === 4) return 'r == 0';
  return index === 8 ? `<${signed}>r < 0` : undefined;
};

const compared: Fusible = {
  conditions: ORDER,
  test(index, type, signed) {
    if (index === 2) return 'a < b';
    if (index === 4) return 'a == b';
    if (index === 6) return 'a <= b';
    if (index === 8) return `<${signed}>(<${type}>(a - b)) < 0`;
    return `<${signed}>a ${index === 12 ? '<' : '<='} <${signed}>b`;
  },
};
const tested: Fusible = {
  conditions: [...SIGN, 14, 15],
  test: (index, type, signed) => (index === 14 ? `<${signed}>r <= 0` : ofResult(index, signed)),
};
const computed: Fusible = { conditions: SIGN, test: (index, _type, signed) => ofResult(index, signed) };
const carried: Fusible = { ...computed, conditions: [2, 3, ...SIGN] };

const FUSIBLE: Readonly<Record<string, Fusible>> = {
  cmp: compared,
  test: tested,
  and: computed,
  dec: computed,
  inc: computed,
  add: carried,
  sub: carried,
};

/** Operands worth a case: compilers compare registers in this form, and loops count by immediates. */
const OPERANDS: Readonly<Record<string, readonly string[]>> = {
  cmp: ['Ev,Gv', 'Ev,Iz', 'Ev,Ib', 'Eb,Ib', 'AL,Ib', 'Eb,Gb'],
  test: ['Ev,Gv', 'Eb,Gb', 'Eb,Ib', 'AL,Ib'],
  and: ['Ev,Ib', 'Ev,Iz'],
  dec: ['Ev', 'Zv'],
  inc: ['Ev'],
  add: ['Ev,Ib', 'Ev,Iz'],
  sub: ['Ev,Ib', 'Ev,Iz', 'Ev,Gv'],
};

/** Makes the fused cases of an instruction's register form. */
export function fuse(id: number, row: Instruction, type: string, cases: CaseTable): void {
  const fusible = FUSIBLE[row.execute];
  if (type === 'u16' || !fusible || !OPERANDS[row.execute]?.includes(row.operands)) return;
  cases.setPairs(
    id,
    new Map(fusible.conditions.map((index) => [index, cases.inline(pair(row, type, index, fusible))])),
  );
}

function pair(row: Instruction, type: string, index: number, { test }: Fusible): string {
  const values = sourceValues(row, type, false);
  const names = ['a', 'b'].slice(0, values.length);
  const operands = names.map((name, i) => `const ${name} = ${values[i]};`).join(' ');
  const even = test(index & ~1, type, type.replace('u', 'i'));
  const holds = even === undefined ? condition(index) : index & 1 ? `!(${even})` : even;
  return `${work(row, type, operands, names)} op += OP_SIZE; if (${holds}) { ${TAKE_JUMP} }`;
}

/** The first instruction of the pair, with its operands in `a` and `b` and its result, where it has one, in `r`. */
function work(row: Instruction, type: string, operands: string, names: readonly string[]): string {
  if (row.execute === 'cmp') return `${operands} cmp<${type}>(a, b);`;
  if (row.execute === 'test') return `${operands} const r = <${type}>(a & b); setFlagsLogic<${type}>(r);`;
  const target = row.operands.split(',')[0]!;
  const store = modifyRegister(target, type, 'r').split('; ');
  return `${store[0]}; ${operands} const r = ${row.execute}<${type}>(${names.join(', ')}); ${store[1]}`;
}
