import { parseEncoding, type Encoding } from '../../../../src/main/vmm/cpu/core/opcodes/encoding.js';
import { OPCODE_TABLE } from '../../../../src/main/vmm/cpu/core/opcodes/index.js';
import { operandSize, type OperandSize } from '../../../../src/main/vmm/cpu/core/opcodes/operands.js';
import type { Mode } from './case-builder.js';
import type { Instruction, SimdInstruction, X87Instruction } from '../../../../src/main/vmm/cpu/core/opcodes/opcode.js';

/** One row of the opcode table, taken apart for making cases of it. */
export interface Template {
  readonly family: 'integer' | 'simd' | 'x87';
  readonly row: Instruction | SimdInstruction | X87Instruction;
  readonly encoding: Encoding;
  readonly mnemonic: string;
  readonly operands: readonly string[];
  readonly size: OperandSize;
  /** Bytes of a memory operand by operand size in bytes. */
  readonly memoryBytes: (operandBytes: number) => number;
  /** May the r/m operand be memory, may it be a register? */
  readonly memoryForm: boolean;
  readonly registerForm: boolean;
}

/**
 * Left out, with the reason: what the host answers with its own facts (CPUID, time, counters, random numbers,
 * XSAVE's components beyond ours), calls of the host's kernel, and what Linux emulates for programs (UMIP).
 */
const HOST_SPECIFIC = new Set([
  'cpuid', 'rdtsc', 'rdtscp', 'rdpmc', 'rdrand', 'rdseed', 'xgetbv', 'xsave', 'xrstor',
  'syscall', 'sysenter', 'sysret', 'sysexit',
  'sgdt', 'sidt', 'sldt', 'str', 'smsw',
]); // prettier-ignore

function integerBytes(row: Instruction, operands: readonly string[]): (operandBytes: number) => number {
  const memory = operands.find((operand) => /^[EM]/.test(operand)) ?? '';
  if (/^fx/.test(row.mnemonic)) return () => 512;
  if (row.mnemonic === 'cmpxchg8b' || row.mnemonic === 'bound') return (bytes) => bytes * 2;
  if (memory === 'Mp') return (bytes) => bytes + 2;
  const fixed = { b: 1, w: 2, d: 4 }[memory[1] ?? ''];
  if (memory === 'Mdq') return () => 16;
  if (memory === 'Ez') return (bytes) => Math.min(bytes, 4);
  return fixed === undefined ? (bytes) => bytes : () => fixed;
}

function fromInteger(row: Instruction): Template {
  const encoding = parseEncoding(row.encoding);
  const operands = row.operands === '' ? [] : row.operands.split(',');
  // MOV to and from control and debug registers takes no memory whatever ModR/M says.
  const registersOnly = operands.some((operand) => /^[RCD]y$/.test(operand)) || operands.includes('Rv');
  return {
    family: 'integer',
    row,
    encoding,
    mnemonic: row.mnemonic,
    operands,
    size: operandSize(row),
    memoryBytes: integerBytes(row, operands),
    memoryForm: encoding.modrm && encoding.modrmByte === undefined && encoding.only !== 'register' && !registersOnly,
    registerForm: encoding.only !== 'memory',
  };
}

function fromSimd(row: SimdInstruction): Template {
  const encoding = parseEncoding(row.encoding);
  const operands = row.operands === '' ? [] : row.operands.split(',');
  const rm = operands.find((operand) => /^[WQEMUN]/.test(operand)) ?? '';
  return {
    family: 'simd',
    row,
    encoding,
    mnemonic: row.mnemonic,
    operands,
    size: operands.some((operand) => operand.endsWith('y')) || encoding.rexW !== undefined ? 'y' : 'v',
    memoryBytes: () => row.bytes,
    memoryForm: /^[WQEM]/.test(rm),
    registerForm: !rm.startsWith('M'),
  };
}

function fromX87(row: X87Instruction): Template {
  const encoding = parseEncoding(row.encoding, true);
  return {
    family: 'x87',
    row,
    encoding,
    mnemonic: row.mnemonic,
    operands: [],
    size: 'v',
    memoryBytes: (bytes) => (bytes === 2 ? (row.bytes16 ?? row.bytes) : row.bytes),
    memoryForm: encoding.only === 'memory',
    registerForm: encoding.only !== 'memory',
  };
}

export const TEMPLATES: readonly Template[] = [
  ...OPCODE_TABLE.integer.map(fromInteger),
  ...OPCODE_TABLE.simd.map(fromSimd),
  ...OPCODE_TABLE.x87.map(fromX87),
].filter(({ mnemonic }) => !HOST_SPECIFIC.has(mnemonic));

export function existsIn({ row, family, encoding }: Template, mode: Mode): boolean {
  const only = family === 'integer' && 'mode' in row ? row.mode : undefined;
  if (encoding.rexW === true && mode !== 'long') return false;
  return only === undefined || only === (mode === 'long' ? 'long' : 'legacy');
}
