import { describe, expect, it } from 'vitest';
import { BareCpu, CODE_BASE } from '../../../../../../testing/bare-cpu.js';
import { Random } from '../../../../../../testing/random.js';
import { parseEncoding } from '../../../core/opcodes/encoding.js';
import type { SimdInstruction } from '../../../core/opcodes/opcode.js';
import { SIMD_INSTRUCTIONS } from '../../../core/opcodes/simd.js';
import { SIMD_LOWERINGS } from './simd-lowerings.js';

/** Every lowered SSE instruction, in regions and in the interpreter, on the same random operands. */
const ROUNDS = 96;
const INPUT = 0x20000;
const OUTPUT = 0x30000;
const SLICE = 150;
/** Bytes of a round: destination, source, XMM0 with the general register, MXCSR; the same again, with the flags. */
const STRIDE = 64;
/** Rounding to nearest, PE clear and set; rounding up; flushing and denormals as zeros. All exceptions are masked. */
const MXCSRS = [0x1f80, 0x1f80, 0x1fa0, 0x5f80, 0x9fc0];

const SINGLE_EDGES = [
  0, 0x8000_0000, 0x3f80_0000, 0xbf80_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_1234, 0xffc0_0000, 0x7f80_0001, 0x0080_0000,
  0x807f_ffff, 1, 0x7f7f_ffff, 0x4f00_0000, 0xcf00_0000, 0x4eff_ffff, 0x5f00_0000, 0x4049_0fdb, 0x3f00_0000, 0x3fc0_0000,
]; // prettier-ignore
const DOUBLE_EDGES = [
  0, 0x8000_0000, 0x3ff0_0000, 0xbff0_0000, 0x7ff0_0000, 0xfff0_0000, 0x7ff8_0001, 0x7ff0_0001, 0x0010_0000, 0x000f_ffff,
  0x7fef_ffff, 0x41df_ffff, 0x41e0_0000, 0xc1e0_0000, 0x43e0_0000, 0x3fe0_0000, 0x3ff8_0000, 0x3810_0000, 0x380f_ffff, 0x47ef_ffff,
]; // prettier-ignore

type Form = 'register' | 'memory';

function vectorInto(random: Random, to: Uint32Array, at: number): void {
  const kind = random.below(5);
  for (let i = 0; i < 4; i++) {
    if (kind === 0) to[at + i] = random.word();
    else if (kind === 1) to[at + i] = random.pick(SINGLE_EDGES);
    else if (kind === 2)
      to[at + i] = i & 1 ? random.pick(DOUBLE_EDGES) : random.pick([0, 0, 1, 0xffff_ffff, random.word()]);
    else if (kind === 3) to[at + i] = (0x3f00_0000 + random.below(0x0280_0000)) | (random.below(2) << 31);
    else to[at + i] = i & 1 ? 0x3fd0_0000 + random.below(0x0040_0000) : random.pick([0, random.word()]);
  }
}

function inputs(seed: number): Uint8Array {
  const random = new Random(seed);
  const words = new Uint32Array((ROUNDS * STRIDE) / 4);
  for (let round = 0; round < ROUNDS; round++) {
    const at = (round * STRIDE) / 4;
    vectorInto(random, words, at);
    vectorInto(random, words, at + 4);
    vectorInto(random, words, at + 8);
    words[at + 12] = random.pick(MXCSRS);
  }
  return new Uint8Array(words.buffer);
}

function encode(row: SimdInstruction, form: Form, immediate: number): number[] {
  const { prefix, map, opcode, digit, rexW } = parseEncoding(row.encoding);
  const prefixes = prefix === 'none' || prefix === 'any' ? [] : [parseInt(prefix, 16)];
  const escape = map === 1 ? [0x0f] : map === 2 ? [0x0f, 0x38] : [0x0f, 0x3a];
  // ModR/M.reg: XMM1 or EAX, or the digit; ModR/M.rm: XMM2 or EDX, or [RSI+16].
  const general = row.operands.startsWith('G');
  const reg = digit ?? (general ? 0 : 1);
  const modrm = form === 'register' ? [0xc0 | (reg << 3) | 2] : [0x46 | (reg << 3), 16];
  const tail = row.operands.endsWith('Ib') ? [immediate] : [];
  return [...prefixes, ...(rexW ? [0x48] : []), ...escape, opcode, ...modrm, ...tail];
}

/**
 * mov ebp, ROUNDS; l: load MXCSR, XMM1, XMM2, XMM0, RDX; the instruction; store XMM1, XMM2, RAX, flags, MXCSR; next;
 * dec ebp; jnz l
 */
function program(instruction: readonly number[]): number[] {
  const body = [
    ...[0x0f, 0xae, 0x56, 48, 0x0f, 0x10, 0x0e, 0x0f, 0x10, 0x56, 16, 0x0f, 0x10, 0x46, 32, 0x48, 0x8b, 0x56, 36],
    ...[0x31, 0xc0, ...instruction, 0x9c, 0x59],
    ...[0x0f, 0x11, 0x0f, 0x0f, 0x11, 0x57, 16, 0x48, 0x89, 0x47, 32, 0x48, 0x89, 0x57, 40, 0x48, 0x89, 0x4f, 48],
    ...[0x0f, 0xae, 0x5f, 56],
    ...[0x48, 0x83, 0xc6, STRIDE, 0x48, 0x83, 0xc7, STRIDE],
  ];
  const back = -(body.length + 8);
  return [0xbd, ROUNDS, 0, 0, 0, ...body, 0xff, 0xcd, 0x0f, 0x85, ...dword(back), 0xf4];
}

function dword(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
}

function outcome(cpu: BareCpu, code: readonly number[], input: Uint8Array): string {
  cpu.memory.write(INPUT, input);
  cpu.memory.write(OUTPUT, new Uint8Array(ROUNDS * STRIDE));
  const { state } = cpu;
  const general = { ...state.general, rsi: BigInt(INPUT), rdi: BigInt(OUTPUT), rsp: 0x9000n };
  cpu.engine.loadState({ ...state, general, rip: BigInt(CODE_BASE), halted: false });
  cpu.load(code);
  let exit = cpu.engine.run(SLICE);
  while (exit.reason === 'budget' || exit.reason === 'interrupted') exit = cpu.engine.run(SLICE);
  expect(exit.reason).toBe('halt');
  const memory = Buffer.alloc(ROUNDS * STRIDE);
  const changed = Buffer.alloc(ROUNDS * STRIDE);
  cpu.memory.read(OUTPUT, memory);
  cpu.memory.read(INPUT, changed);
  return Array.from({ length: ROUNDS }, (_, i) => {
    const at = [i * STRIDE, (i + 1) * STRIDE] as const;
    return `${input.subarray(...at).reduce((text, byte) => text + byte.toString(16).padStart(2, '0'), '')} → ${memory.subarray(...at).toString('hex')} ${changed.subarray(...at).toString('hex')}`;
  }).join('\n');
}

const rows = SIMD_INSTRUCTIONS.filter(({ op, operands }) => SIMD_LOWERINGS.has(op) && !/[PQN]/.test(operands));

function forms({ encoding, operands }: SimdInstruction): Form[] {
  const { only } = parseEncoding(encoding);
  if (operands.includes('M') || only === 'memory') return ['memory'];
  if (operands.includes('U') || only === 'register') return ['register'];
  return ['register', 'memory'];
}

describe('SSE instructions in regions', () => {
  const translated = new BareCpu('long', { kind: 'translator', sampleInstructions: 7, hotSamples: 1 });
  const interpreted = new BareCpu('long');

  it.each(rows.map((row) => [`${row.encoding} ${row.mnemonic} ${row.operands}`, row] as const))('%s', (name, row) => {
    const before = translated.engine.stats.counters['regions']!;
    const random = new Random(row.encoding.length * 31 + row.op);
    for (const form of forms(row)) {
      const immediates = row.operands.endsWith('Ib')
        ? [0, 1, 3, 8, 17, 0x1b, 0x40, 0xe4, 0xff, random.below(256)]
        : [0];
      for (const immediate of immediates) {
        const code = program(encode(row, form, immediate));
        for (let i = 0; i < 2; i++) {
          const input = inputs(random.word());
          expect(outcome(translated, code, input), `${name} ${form} ${immediate}`).toBe(
            outcome(interpreted, code, input),
          );
        }
      }
    }
    expect(translated.engine.stats.counters['regions']).toBeGreaterThan(before);
  });
});
