import { describe, expect, it } from 'vitest';
import { BareCpu, CODE_BASE } from '../../../../../../testing/bare-cpu.js';
import { Random } from '../../../../../../testing/random.js';
import { parseEncoding } from '../../../core/opcodes/encoding.js';
import type { SimdInstruction, X87Instruction } from '../../../core/opcodes/opcode.js';
import { SIMD_INSTRUCTIONS } from '../../../core/opcodes/simd.js';
import { SimdOp } from '../../../core/opcodes/simd-op.js';
import { X87Op } from '../../../core/opcodes/x87-op.js';
import { X87_INSTRUCTIONS } from '../../../core/opcodes/x87.js';
import { MMX_LOWERINGS } from '../simd/mmx.js';
import { X87_LOWERINGS } from './x87-lowerings.js';

/** Every lowered x87 and MMX instruction, in regions and in the interpreter, on the same random states. */
const ROUNDS = 64;
const INPUT = 0x20000;
const OUTPUT = 0x40000;
const SLICE = 150;
/** Bytes of a round: an FXSAVE image, a memory operand, EAX, EFLAGS. */
const STRIDE = 1024;
const OPERAND = 512;
const EAX = 544;
const FLAGS = 548;
/** With an error told by #MF, as regions want it. */
const CR0 = 0x31n;
const MXCSR_RESET = 0x1f80;

// prettier-ignore
const EXPONENTS = [0, 1, 2, 0x3bff, 0x3c00, 0x3c01, 0x3c02, 0x3f80, 0x3f81, 0x3f82, 0x3ffd, 0x3ffe, 0x3fff, 0x4000, 0x400d, 0x400e, 0x401d, 0x401e, 0x403d, 0x403e, 0x403f, 0x407e, 0x43fd, 0x43fe, 0x5fff, 0x7ffd, 0x7ffe, 0x7fff];
const TOP = 0x8000_0000;
/** Significands, high and low word. */
// prettier-ignore
const SIGNIFICANDS = [[0, 0], [TOP, 0], [TOP, 1], [0xffff_ffff, 0xffff_ffff], [0x7fff_ffff, 0xffff_ffff], [0xc000_0000, 0], [0xa000_0000, 1], [0, 1], [TOP, 0x400], [TOP, 0xc00], [TOP, 0x401], [0x8000_0080, 0], [0x8000_0180, 0], [0x8000_0080, 1], [0xffff_ffff, 0xffff_fc00], [0xffff_ff80, 0], [0xb504_f333, 0xf9de_6484]] as const;
const SINGLES = [0, TOP, 0x3f80_0000, 0xbf80_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_1234, 0x7f80_0001, 0x0080_0000, 0x807f_ffff, 1, 0x7f7f_ffff, 0x4040_0000]; // prettier-ignore
const DOUBLE_HIGHS = [0, TOP, 0x3ff0_0000, 0xbff0_0000, 0x7ff0_0000, 0xfff0_0000, 0x7ff8_0001, 0x7ff0_0001, 0x0010_0000, 0x000f_ffff, 0x7fef_ffff, 0x4008_0000]; // prettier-ignore
const MASKED_CONTROLS = [0x37f, 0x37f, 0x37f, 0x37f, 0x27f, 0x7f, 0x77f, 0xb7f, 0xf7f, 0xe7f, 0x67f];
const ARITHMETIC_FLAGS = 0x8d5;

function significandInto(random: Random, view: DataView, at: number): void {
  if (random.below(2)) {
    const [high, low] = random.pick(SIGNIFICANDS);
    view.setUint32(at, low, true);
    view.setUint32(at + 4, high, true);
  } else {
    view.setUint32(at, random.pick([0, random.word(), random.word() << 11]), true);
    view.setUint32(at + 4, (random.word() | TOP) >>> 0, true);
  }
}

/** Half of the values near 1, so that sums and products meet. */
function registerInto(random: Random, view: DataView, at: number): void {
  significandInto(random, view, at);
  const exponent = random.below(2) ? 0x3ff0 + random.below(0x50) : random.pick(EXPONENTS);
  view.setUint16(at + 8, exponent | (random.below(2) << 15), true);
}

function operandInto(random: Random, view: DataView, at: number): void {
  switch (random.below(5)) {
    case 0:
      return view.setUint32(at, random.pick(SINGLES), true);
    case 1:
      view.setUint32(at, random.pick([0, 1, 0xffff_ffff]), true);
      return view.setUint32(at + 4, random.pick(DOUBLE_HIGHS), true);
    case 2:
      view.setUint32(at, 0x3f00_0000 + random.below(0x0180_0000), true);
      return view.setUint32(at + 4, 0x3fe0_0000 + random.below(0x0040_0000), true);
    case 3:
      return view.setInt32(at, random.below(400) - 200, true);
    default:
      return registerInto(random, view, at);
  }
}

function imageInto(random: Random, view: DataView, at: number, masked: boolean): void {
  const control = masked ? random.pick(MASKED_CONTROLS) : random.word() & 0xf7f;
  view.setUint16(at, control, true);
  // No exception is pending: flags are set only where they are masked.
  view.setUint16(at + 2, (random.word() & 0x7f00 & ~0x80) | (random.word() & control & 0x3f), true);
  view.setUint8(at + 4, random.pick([0xff, 0, random.word() & 0xff, random.word() & 0xff, 0x7f, 0xfe]));
  view.setUint32(at + 8, random.word(), true);
  view.setUint32(at + 16, random.word(), true);
  view.setUint32(at + 24, MXCSR_RESET, true);
  for (let i = 0; i < 8; i++) registerInto(random, view, at + 32 + i * 16);
}

/** States in memory, and what memory holds behind them for operands. */
function inputs(seed: number, masked: boolean): Uint8Array {
  const random = new Random(seed);
  const view = new DataView(new ArrayBuffer(ROUNDS * STRIDE));
  for (let round = 0; round < ROUNDS; round++) {
    const at = round * STRIDE;
    imageInto(random, view, at, masked);
    for (let i = 0; i < 16; i += 4) view.setUint32(at + OPERAND + i, random.word(), true);
    operandInto(random, view, at + OPERAND);
    view.setUint32(at + FLAGS, (random.word() & ARITHMETIC_FLAGS) | 2, true);
  }
  return new Uint8Array(view.buffer);
}

/** Its bytes, with [EDI + 512] as memory operand. */
function encode({ encoding }: X87Instruction, i: number): number[] {
  const [opcode, second] = encoding.split(' ') as [string, string];
  const first = parseInt(opcode, 16);
  if (!second.startsWith('/')) return [first, parseInt(second, 16) + (second.endsWith('+i') ? i : 0)];
  return [first, 0x87 | (Number(second.slice(1)) << 3), ...dword(OPERAND)];
}

/**
 * mov ebp, ROUNDS; l: fxrstor [esi]; push [esi+FLAGS]; popf; the code; pushf; pop ecx; fxsave [edi]; mov [edi+EAX], eax;
 * mov [edi+FLAGS], ecx; next; dec ebp; jnz l; hlt
 */
function program(code: readonly number[]): number[] {
  const body = [
    ...[0x0f, 0xae, 0x0e, 0xff, 0xb6, ...dword(FLAGS), 0x9d, ...code, 0x9c, 0x59, 0x0f, 0xae, 0x07],
    ...[0x89, 0x87, ...dword(EAX), 0x89, 0x8f, ...dword(FLAGS)],
    ...[0x81, 0xc6, ...dword(STRIDE), 0x81, 0xc7, ...dword(STRIDE)],
  ];
  return [0xbd, ...dword(ROUNDS), ...body, 0xff, 0xcd, 0x0f, 0x85, ...dword(-(body.length + 8)), 0xf4];
}

function dword(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
}

function outcome(cpu: BareCpu, code: readonly number[], input: Uint8Array): string {
  cpu.memory.write(INPUT, input);
  cpu.memory.write(OUTPUT, input);
  const { state } = cpu;
  const general = { ...state.general, rsi: BigInt(INPUT), rdi: BigInt(OUTPUT), rsp: 0x9000n };
  cpu.engine.loadState({ ...state, cr0: CR0, general, rip: BigInt(CODE_BASE), halted: false });
  cpu.load(code);
  let exit = cpu.engine.run(SLICE);
  while (exit.reason === 'budget' || exit.reason === 'interrupted') exit = cpu.engine.run(SLICE);
  expect(exit.reason).toBe('halt');
  const output = Buffer.alloc(ROUNDS * STRIDE);
  cpu.memory.read(OUTPUT, output);
  const hex = (from: Uint8Array, at: number, bytes: number): string =>
    Buffer.from(from.subarray(at, at + bytes)).toString('hex');
  return Array.from({ length: ROUNDS }, (_, round) => {
    const at = round * STRIDE;
    const parts = [
      [0, 24],
      ...Array.from({ length: 8 }, (_, i) => [32 + i * 16, 10]),
      [OPERAND, 16],
      [EAX, 8],
    ] as const;
    const text = (from: Uint8Array): string => parts.map(([from_, bytes]) => hex(from, at + from_!, bytes!)).join(' ');
    return `${text(input)} → ${text(output)}`;
  }).join('\n');
}

const rows = X87_INSTRUCTIONS.filter(({ op }) => X87_LOWERINGS.has(op));
const mmxRows = SIMD_INSTRUCTIONS.filter(
  ({ op, operands }) =>
    MMX_LOWERINGS.has(op) && (op === SimdOp.EMMS || /^[PQN]|,[PQ]/.test(operands)) && !/[VWU]/.test(operands),
);
type Form = 'register' | 'memory';

/** MM1 or the digit as ModR/M.reg; MM2, EDX, or [EDI + 512] as ModR/M.rm. */
function encodeMmx({ encoding, operands }: SimdInstruction, form: Form, immediate: number): number[] {
  const { map, opcode, digit } = parseEncoding(encoding);
  const escape = map === 1 ? [0x0f] : map === 2 ? [0x0f, 0x38] : [0x0f, 0x3a];
  if (operands === '') return [...escape, opcode];
  const reg = (digit ?? 1) << 3;
  const modrm = form === 'register' ? [0xc0 | reg | 2] : [0x87 | reg, ...dword(OPERAND)];
  return [...escape, opcode, ...modrm, ...(operands.endsWith('Ib') ? [immediate] : [])];
}
/** fxch st(2); fld1; …; fadd st(1), st(0) */
const inCompany = (code: readonly number[]): number[] => [0xd9, 0xca, 0xd9, 0xe8, ...code, 0xdc, 0xc1];

describe('x87 and MMX instructions in regions', () => {
  const translated = new BareCpu('protected', { kind: 'translator', sampleInstructions: 7, hotSamples: 1 });
  const interpreted = new BareCpu('protected');

  it.each(rows.map((row) => [`${row.encoding} ${row.mnemonic} ${row.operands}`, row] as const))('%s', (name, row) => {
    const before = translated.engine.stats.counters['regions']!;
    const random = new Random(row.encoding.length * 31 + row.op);
    const check = (code: readonly number[], masked: boolean): void => {
      const input = inputs(random.word(), masked);
      const whole = program(code);
      expect(outcome(translated, whole, input), name).toBe(outcome(interpreted, whole, input));
    };
    for (const i of row.encoding.endsWith('+i') ? [0, 1, 2, 7] : [0]) {
      const code = encode(row, i);
      check(code, true);
      check(code, false);
      if (row.op !== X87Op.FLDCW) check(inCompany(code), true);
    }
    expect(translated.engine.stats.counters['regions']).toBeGreaterThan(before);
  });

  it.each(mmxRows.map((row) => [`${row.encoding} ${row.mnemonic} ${row.operands}`, row] as const))(
    '%s',
    (name, row) => {
      const before = translated.engine.stats.counters['regions']!;
      const random = new Random(row.encoding.length * 37 + row.op);
      const forms: Form[] = row.operands.includes('M')
        ? ['memory']
        : /N|^$/.test(row.operands)
          ? ['register']
          : ['register', 'memory'];
      for (const form of forms) {
        for (const immediate of row.operands.endsWith('Ib') ? [0, 1, 15, 16, 31, 33, 64, 255] : [0]) {
          const code = encodeMmx(row, form, immediate);
          const input = inputs(random.word(), random.below(2) === 0);
          // Alone, and behind x87 code: fninit; fld1; …; paddb mm0, mm1
          for (const whole of [program(code), program([0xdb, 0xe3, 0xd9, 0xe8, ...code, 0x0f, 0xfc, 0xc1])])
            expect(outcome(translated, whole, input), name).toBe(outcome(interpreted, whole, input));
        }
      }
      expect(translated.engine.stats.counters['regions']).toBeGreaterThan(before);
    },
  );
});
