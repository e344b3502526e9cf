import type { Instruction, SimdInstruction, X87Instruction } from '../core/opcodes/opcode.js';
import { parseEncoding, type Encoding } from '../core/opcodes/encoding.js';
import { INTEGER_INSTRUCTIONS } from '../core/opcodes/integer.js';
import { SIMD_INSTRUCTIONS } from '../core/opcodes/simd.js';
import { SYSTEM_INSTRUCTIONS } from '../core/opcodes/system.js';
import { X87_INSTRUCTIONS } from '../core/opcodes/x87.js';

/** One row of the opcode table, as the disassembler needs it. */
export interface IndexedInstruction {
  readonly encoding: Encoding;
  readonly mnemonic: string;
  readonly operands: readonly string[];
  readonly mode: 'long' | 'legacy' | undefined;
  /** 64-bit operand size in 64-bit mode without REX.W. */
  readonly wideByDefault: boolean;
  /** Width of a memory operand whose letters give none, in bytes. */
  readonly memoryBytes: number | undefined;
  readonly row: InstructionRow;
}

/** A row of the opcode table, by the family it belongs to. */
export type InstructionRow =
  | ({ readonly family: 'integer' } & Instruction)
  | ({ readonly family: 'simd' } & SimdInstruction)
  | ({ readonly family: 'x87' } & X87Instruction);

/** What selects among the rows of one opcode. */
export interface Selection {
  readonly bits: 16 | 32 | 64;
  readonly operandSizePrefix: boolean;
  /** Last of F2 and F3, or 0. */
  readonly repeat: number;
  readonly rexW: boolean;
  /** ModR/M byte, or `undefined` at the end of the bytes. */
  readonly modrm: number | undefined;
}

const split = (operands: string): string[] => (operands === '' ? [] : operands.split(','));

function indexAll(): Map<number, IndexedInstruction[]> {
  const index = new Map<number, IndexedInstruction[]>();
  const add = (instruction: IndexedInstruction): void => {
    const { map, opcode, registerInOpcode } = instruction.encoding;
    for (let low = 0; low < (registerInOpcode ? 8 : 1); low++) {
      const key = (map << 8) | (opcode + low);
      index.set(key, [...(index.get(key) ?? []), instruction]);
    }
  };
  for (const row of [...INTEGER_INSTRUCTIONS, ...SYSTEM_INSTRUCTIONS]) {
    add({
      encoding: parseEncoding(row.encoding),
      mnemonic: row.mnemonic,
      operands: split(row.operands),
      mode: row.mode,
      wideByDefault: row.size !== undefined,
      memoryBytes: undefined,
      row: { family: 'integer', ...row },
    });
  }
  for (const row of SIMD_INSTRUCTIONS) {
    const { mnemonic, operands, bytes } = row;
    add({
      encoding: { ...parseEncoding(row.encoding), only: onlyForm(operands) },
      mnemonic,
      operands: split(operands),
      mode: undefined,
      wideByDefault: false,
      memoryBytes: bytes,
      row: { family: 'simd', ...row },
    });
  }
  for (const row of X87_INSTRUCTIONS) {
    const { mnemonic, operands, bytes } = row;
    add({
      encoding: parseEncoding(row.encoding, true),
      mnemonic,
      operands: split(operands),
      mode: undefined,
      wideByDefault: false,
      memoryBytes: bytes,
      row: { family: 'x87', ...row },
    });
  }
  // The most demanding row first: mandatory prefixes, then exact ModR/M bytes, then opcode extensions.
  for (const rows of index.values()) rows.sort((a, b) => specificity(b.encoding) - specificity(a.encoding));
  return index;
}

/** Of an SSE instruction's ModR/M.rm: letters that name a register alone, or memory alone. */
function onlyForm(operands: string): Encoding['only'] {
  if (/[UN]/.test(operands)) return 'register';
  return operands.includes('M') ? 'memory' : undefined;
}

function specificity({ prefix, modrmByte, registerInModrm, digit, only, rexW }: Encoding): number {
  const byPrefix = prefix === 'any' ? 0 : prefix === 'none' ? 16 : prefix === '66' ? 32 : 64;
  const byModrm = (modrmByte === undefined ? 0 : registerInModrm ? 7 : 8) + (digit === undefined ? 0 : 4);
  return byPrefix + byModrm + (only ? 2 : 0) + (rexW === undefined ? 0 : 1);
}

const INDEX = indexAll();

/** The row that decodes an opcode, or `undefined` if there is none. */
export function findInstruction(map: number, opcode: number, selection: Selection): IndexedInstruction | undefined {
  return INDEX.get((map << 8) | opcode)?.find((row) => matches(row, selection));
}

function matches({ encoding, mode }: IndexedInstruction, selection: Selection): boolean {
  if (mode !== undefined && (mode === 'long') !== (selection.bits === 64)) return false;
  if (!prefixMatches(encoding.prefix, selection)) return false;
  if (encoding.rexW !== undefined && encoding.rexW !== selection.rexW) return false;
  return !encoding.modrm || modrmMatches(encoding, selection.modrm);
}

function prefixMatches(prefix: Encoding['prefix'], { operandSizePrefix, repeat }: Selection): boolean {
  switch (prefix) {
    case 'any':
      return true;
    case 'none':
      return !operandSizePrefix && repeat === 0;
    case '66':
      return operandSizePrefix && repeat === 0;
    case 'F2':
      return repeat === 0xf2;
    case 'F3':
      return repeat === 0xf3;
  }
}

function modrmMatches({ digit, modrmByte, registerInModrm, only }: Encoding, modrm: number | undefined): boolean {
  if (modrm === undefined) return false;
  if (modrmByte !== undefined && (registerInModrm ? modrm & ~7 : modrm) !== modrmByte) return false;
  if (digit !== undefined && ((modrm >> 3) & 7) !== digit) return false;
  return only === undefined || (only === 'register') === modrm >= 0xc0;
}
