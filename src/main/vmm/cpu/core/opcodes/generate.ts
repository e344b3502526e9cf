import { operandSize, type OperandSize } from './operands.js';
import { parseEncoding, type Encoding } from './encoding.js';
import type { Instruction, SimdInstruction, X87Instruction } from './opcode.js';
import * as R from './record.js';
import { CaseTable } from './case-table.js';
import { mainLoop } from './main-loop.js';
import { integerCase } from './integer-case.js';
import { OPCODE_TABLE } from './index.js';
import { integerClass } from './op-class.js';
import { SYSTEM_INSTRUCTIONS } from './system.js';

interface Placed {
  readonly encoding: Encoding;
  readonly mode: 'long' | 'legacy' | undefined;
  readonly record: number;
  /** Restriction of a SIMD row to memory or register operands. */
  readonly only: 'memory' | 'register' | undefined;
}

/** Turns the opcode table into the AssemblyScript sources `tables.ts` and `main-loop.ts`. */
export function generateCore(): Record<string, string> {
  const cases = new CaseTable();
  const records: number[][] = [new Array<number>(R.RECORD_SIZE / 4).fill(0)];
  const placed: Placed[] = [];
  for (const row of OPCODE_TABLE.integer) placed.push(placeInteger(row, cases, records));
  for (const row of OPCODE_TABLE.simd) placed.push(placeSimd(row, cases, records));
  for (const row of OPCODE_TABLE.x87) placed.push(placeX87(row, cases, records));
  markWide(placed, records);
  const { index, groups } = buildIndex(placed.filter((p) => p.encoding.rexW !== true));
  return {
    'generated/tables': tables(index, groups, records) + caseTables(cases),
    'generated/main-loop': mainLoop(cases),
  };
}

function pack(flags: number, extra: number, ids: readonly number[], lockIds: readonly number[]): number[] {
  const words = [flags >>> 0, extra >>> 0];
  const halves = [...ids, ...lockIds];
  for (let i = 0; i < halves.length; i += 2) words.push((halves[i]! | (halves[i + 1]! << 16)) >>> 0);
  return words;
}

const SIZES = ['v', 'byte', 'default64', 'always64', 'y'] as const satisfies readonly OperandSize[];

function placeInteger(row: Instruction, cases: CaseTable, records: number[][]): Placed {
  const encoding = parseEncoding(row.encoding);
  const size = operandSize(row);
  const operands = row.operands.split(',');
  const { ids, lockIds } = integerCase(row, size, cases);
  cases.classify([...ids, ...lockIds], integerClass(row, SYSTEM_INSTRUCTIONS.includes(row)));
  let flags = immediate(operands) | (SIZES.indexOf(size) << R.SIZE_SHIFT);
  if (encoding.modrm) flags |= R.HAS_MODRM;
  if (/^[CD]y|,[CD]y/.test(row.operands)) flags |= R.REGISTERS_ONLY | (R.A_REG << R.A_SHIFT);
  else if (operands.some((o) => 'XY'.includes(o[0]!))) flags |= R.A_REPEAT << R.A_SHIFT;
  else if (encoding.registerInOpcode) flags |= R.A_OPCODE << R.A_SHIFT;
  else if (operands.some((o) => 'GSVP'.includes(o[0]!) && o !== 'GS' && o !== 'SS')) flags |= R.A_REG << R.A_SHIFT;
  if (operands.includes('Gb') || operands.includes('Zb')) flags |= R.A_BYTE;
  if (operands.includes('Eb')) flags |= R.E_BYTE;
  if (row.form === 'end') flags |= R.ENDS_RUN;
  records.push(pack(flags, 0, ids, lockIds));
  return { encoding, mode: row.mode, record: records.length - 1, only: undefined };
}

function immediate(operands: readonly string[]): number {
  if (operands.includes('Iw') && operands.includes('Ib')) return R.IMM_WORD_BYTE;
  for (const operand of operands) {
    if (operand === 'Ib' || operand === 'Jb') return R.IMM_BYTE;
    if (operand === 'Iw') return R.IMM_WORD;
    if (operand === 'Iz' || operand === 'Jz') return R.IMM_Z;
    if (operand === 'Iv') return R.IMM_V;
    if (operand.startsWith('O')) return R.IMM_OFFSET;
    if (operand === 'Ap') return R.IMM_FAR;
  }
  return R.IMM_NONE;
}

function same(id: number): number[] {
  return new Array<number>(8).fill(id);
}
const NO_LOCK = [0, 0, 0, 0];

function placeSimd(row: SimdInstruction, cases: CaseTable, records: number[][]): Placed {
  const encoding = parseEncoding(row.encoding);
  const operands = row.operands.split(',').filter((o) => o !== '');
  const letters = operands.filter((o) => o !== 'Ib').map((o) => o[0]!);
  const registerOrMemory = operands.find((o) => 'WUQNEMR'.includes(o[0]!))?.[0];
  const only = registerOrMemory === 'M' ? 'memory' : 'UNR'.includes(registerOrMemory ?? '-') ? 'register' : undefined;
  const handler = `simd${letters
    .join('')
    .replace(/M$/, letters[0] === 'P' ? 'Q' : 'W')
    .replace(/^M/, letters[1] === 'P' ? 'Q' : 'W')}`;
  const log2 = row.bytes === 0 ? 0 : Math.log2(row.bytes) + 1;
  let extra = (row.op << R.SIMD_OP_SHIFT) | (log2 << R.SIMD_BYTES_SHIFT);
  if (row.aligned) extra |= R.SIMD_ALIGNED;
  if (row.setsFlags) extra |= R.SIMD_FLAGS;
  if (row.setsIndex) extra |= R.SIMD_INDEX;
  let flags = R.COMPOSITE | (R.SIZE_Y << R.SIZE_SHIFT);
  if (operands.includes('Ib')) flags |= R.IMM_BYTE;
  if (encoding.modrm) flags |= R.HAS_MODRM;
  if (letters.some((l) => 'VPG'.includes(l))) flags |= R.A_REG << R.A_SHIFT;
  const id = cases.call(`${handler}(op)`);
  cases.classify([id], 'vector');
  records.push(pack(flags, extra, same(id), NO_LOCK));
  return { encoding, mode: undefined, record: records.length - 1, only };
}

function placeX87(row: X87Instruction, cases: CaseTable, records: number[][]): Placed {
  const encoding = parseEncoding(row.encoding, true);
  let extra = (row.op << R.X87_OP_SHIFT) | (row.bytes << R.X87_BYTES_SHIFT);
  if (row.access === 'load') extra |= R.X87_LOAD;
  if (row.access === 'store') extra |= R.X87_STORE;
  if (row.waits) extra |= R.X87_WAITS;
  if (row.setsFlags) extra |= R.X87_FLAGS;
  if (row.pointers) extra |= R.X87_POINTERS;
  const flags = R.COMPOSITE | R.X87 | R.HAS_MODRM | (R.A_OPCODE << R.A_SHIFT);
  const wide = cases.call(row.operands === 'AX' ? 'x87StatusToAx(op)' : 'x87(op)');
  const image = row.bytes16 === undefined ? wide : cases.call('x87Image<u32>(op)');
  const image16 = row.bytes16 === undefined ? wide : cases.call('x87Image<u16>(op)');
  cases.classify([wide, image, image16], 'x87');
  records.push(pack(flags, extra, [image, image, image16, image16, image, image, image, image], NO_LOCK));
  return { encoding, mode: undefined, record: records.length - 1, only: undefined };
}

/** REX.W rows: the plain row's record is copied next to a copy of the wide one, and says so. */
function markWide(placed: Placed[], records: number[][]): void {
  placed.forEach((wide) => {
    const { encoding } = wide;
    if (encoding.rexW !== true) return;
    const at = placed.findIndex(
      (p) =>
        p !== wide &&
        p.encoding.map === encoding.map &&
        p.encoding.opcode === encoding.opcode &&
        p.encoding.prefix === encoding.prefix,
    );
    const plain = placed[at];
    if (!plain) throw new Error('a REX.W row without a plain one');
    const [flags, ...rest] = records[plain.record]!;
    records.push([(flags! | R.W_NEXT) >>> 0, ...rest], records[wide.record]!);
    placed[at] = { ...plain, record: records.length - 2 };
  });
}

const PREFIXES = ['any', '66', 'F3', 'F2'] as const;

function slots(encoding: Encoding): number[] {
  if (encoding.prefix === 'any') return [0, 1, 2, 3];
  return encoding.prefix === 'none' ? [0] : [PREFIXES.indexOf(encoding.prefix)];
}

function opcodes(encoding: Encoding): number[] {
  return encoding.registerInOpcode ? Array.from({ length: 8 }, (_, i) => encoding.opcode + i) : [encoding.opcode];
}

/** Rows that need a mandatory prefix override those that accept any. */
function buildIndex(placed: readonly Placed[]): { index: number[]; groups: number[] } {
  const index = new Array<number>(2 * 4 * 4 * 256).fill(0);
  const groups: number[] = [];
  const groupAt = new Map<number, Group>();
  const ordered = [...placed].sort((a, b) => Number(a.encoding.prefix !== 'any') - Number(b.encoding.prefix !== 'any'));
  for (const row of ordered) {
    for (const long of [0, 1]) {
      if (row.mode === (long ? 'legacy' : 'long')) continue;
      for (const prefix of slots(row.encoding)) {
        for (const opcode of opcodes(row.encoding)) {
          const at = ((long * 4 + row.encoding.map) * 4 + prefix) * 256 + opcode;
          if (isGrouped(row)) fillGroup(groupFor(at, groupAt, placed, index[at]!), row);
          else {
            // A row for this very prefix takes the place of whatever serves any prefix, group or not.
            groupAt.delete(at);
            index[at] = row.record;
          }
        }
      }
    }
  }
  for (const [at, group] of groupAt) {
    index[at] = ((group.byModrm ? R.INDEX_MODRM : R.INDEX_GROUP) << 14) | groups.length;
    groups.push(...group.records);
  }
  return { index, groups };
}

interface Group {
  readonly byModrm: boolean;
  readonly records: number[];
}

function isGrouped({ encoding, only }: Placed): boolean {
  return (
    encoding.digit !== undefined ||
    encoding.modrmByte !== undefined ||
    encoding.only !== undefined ||
    only !== undefined
  );
}

/** The group at a place; a new one starts with the record that served all of it. */
function groupFor(at: number, groups: Map<number, Group>, placed: readonly Placed[], record: number): Group {
  const known = groups.get(at);
  if (known) return known;
  const map = (at >> 10) & 3;
  const opcode = at & 0xff;
  const byModrm = placed.some(
    (p) => p.encoding.map === map && p.encoding.opcode === opcode && p.encoding.modrmByte !== undefined,
  );
  const group = { byModrm, records: new Array<number>(byModrm ? 72 : 16).fill(record) };
  groups.set(at, group);
  return group;
}

function fillGroup(group: Group, { encoding, record, only: rowOnly }: Placed): void {
  const only = encoding.only ?? rowOnly;
  const digits = encoding.digit === undefined ? [0, 1, 2, 3, 4, 5, 6, 7] : [encoding.digit];
  if (encoding.modrmByte !== undefined) {
    const first = 8 + (encoding.modrmByte & 0x3f);
    group.records.fill(record, first, first + (encoding.registerInModrm ? 8 : 1));
    return;
  }
  for (const digit of digits) {
    if (only !== 'register') group.records[digit] = record;
    if (only === 'memory') continue;
    if (group.byModrm) group.records.fill(record, 8 + digit * 8, 16 + digit * 8);
    else group.records[8 + digit] = record;
  }
}

function caseTables(cases: CaseTable): string {
  return `export const FLAT_CASES: usize = memory.data<u16>([${cases.flatTable().join(',')}]);
export const CASE_TRAITS: usize = memory.data<u16>([${cases.traitTable().join(',')}]);
export const CASE_PAIRS: usize = memory.data<u16>([${cases.pairTable().join(',')}]);
export const CASE_CLASSES: usize = memory.data<u8>([${cases.classTable().join(',')}]);
`;
}

function tables(index: readonly number[], groups: readonly number[], records: readonly number[][]): string {
  return `// Made from the opcode table by opcodes/generate.ts.
export const DECODE_INDEX: usize = memory.data<u16>([${index.join(',')}]);
export const DECODE_GROUPS: usize = memory.data<u16>([${groups.join(',')}]);
export const DECODE_RECORDS: usize = memory.data<u32>([${records.flat().join(',')}]);
`;
}
