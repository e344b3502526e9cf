import { expect, it } from 'vitest';
import { BareCpu, CODE_BASE, IDT } from '../../../../../../testing/bare-cpu.js';
import { Random } from '../../../../../../testing/random.js';

/** Random sequences of SSE arithmetic, in regions and in the interpreter: results and MXCSR must be the same. */
const PROGRAMS = 120;
const ROUNDS = 30;
const LONGEST = 14;
const INPUT = 0x20000;
const OUTPUT = 0x30000;
const SLICE = 150;
/** Bytes of a round: XMM0 to XMM7, MXCSR, EAX. */
const STRIDE = 144;
/** Offset in the XSAVE area. */
const XMM0 = 160;
/** Where nothing is mapped, and where the exception that causes goes. */
const NOWHERE = 0x0f00_0000;
const HANDLER = 0x12000;
const HLT = 0xf4;
const EAGER = { kind: 'translator', sampleInstructions: 7, hotSamples: 1 } as const;

const PREFIXES = { ps: [], pd: [0x66], ss: [0xf3], sd: [0xf2] } as const;
type Suffix = keyof typeof PREFIXES;
/** ADD, MUL, SUB, MIN, DIV, MAX, SQRT: some are more frequent, so that values stay in range. */
const ARITHMETIC = [0x58, 0x58, 0x59, 0x5c, 0x5c, 0x5d, 0x5e, 0x5f, 0x51];
/** MOVAPS, MOVSD, UNPCKLPD, XORPS, MOVUPS. */
const MOVES = [[0x0f, 0x28], [0xf2, 0x0f, 0x10], [0x66, 0x0f, 0x14], [0x0f, 0x57], [0x0f, 0x10]]; // prettier-ignore
/** CVTSD2SS, CVTSS2SD, CVTDQ2PD, CVTDQ2PS, CVTPD2PS, CVTPS2PD, CVTTPS2DQ, UCOMISD. */
const CONVERSIONS = [
  [0xf2, 0x0f, 0x5a], [0xf3, 0x0f, 0x5a], [0xf3, 0x0f, 0xe6], [0x0f, 0x5b], [0x66, 0x0f, 0x5a], [0x0f, 0x5a], [0xf3, 0x0f, 0x5b],
  [0x66, 0x0f, 0x2e],
]; // prettier-ignore

function instruction(random: Random, suffix: Suffix): number[] {
  const registers = 0xc0 | (random.below(4) << 3) | random.below(4);
  const fromMemory = [0x46 | (registers & 0x38), random.below(8) * 16];
  const operand = random.below(4) === 0 ? fromMemory : [registers];
  switch (random.below(10)) {
    case 0:
      return [...random.pick(MOVES), ...operand];
    case 1:
      return [...random.pick(CONVERSIONS), ...operand];
    case 2:
      // CVTSI2SD xmm, eax; CVTTSD2SI eax, xmm
      return [0xf2, 0x0f, ...random.pick([[0x2a, registers & 0xf8], [0x2c, 0xc0 | (registers & 7)]])]; // prettier-ignore
    default:
      return [...PREFIXES[suffix], 0x0f, random.pick(ARITHMETIC), ...operand];
  }
}

/** mov ebp, ROUNDS; l: ldmxcsr, load all; the instructions; store all, stmxcsr; next; dec ebp; jnz l; hlt */
function program(random: Random): number[] {
  const suffix = random.pick(Object.keys(PREFIXES) as Suffix[]);
  const each = (opcode: number, base: number): number[] =>
    Array.from({ length: 8 }, (_, i) => [0x0f, opcode, 0x40 | (i << 3) | base, i * 16]).flat();
  const next = (register: number): number[] => [0x48, 0x81, 0xc0 | register, ...dword(STRIDE)];
  const body = [
    ...[0x0f, 0xae, 0x96, ...dword(128), ...each(0x10, 6)],
    ...Array.from({ length: 1 + random.below(LONGEST) }, () => instruction(random, suffix)).flat(),
    ...[...each(0x11, 7), 0x0f, 0xae, 0x9f, ...dword(128), 0x89, 0x87, ...dword(132)],
    ...[...next(6), ...next(7)],
  ];
  return [0xbd, ...dword(ROUNDS), ...body, 0xff, 0xcd, 0x0f, 0x85, ...dword(-(body.length + 8)), HLT];
}

function dword(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
}

/** Numbers of a kind: quarters, integers, quotients, edges; others now and then. */
const KINDS: readonly ((random: Random) => number)[] = [
  (random) => random.below(64) / 4 - 8,
  (random) => random.word() >>> random.pick([2, 3, 5, 16, 28]),
  (random) => random.word() / 3,
  (random) => random.pick([0, 1, 0.5, 2 ** -1022, 2 ** -1074, 5e-320, 2 ** -126, 3e-40]),
  (random) => random.pick([-0, Number.MAX_VALUE, Infinity, NaN, (random.word() / 7) * 2 ** (random.below(600) - 300)]),
];

function inputs(random: Random): Uint8Array {
  const view = new DataView(new ArrayBuffer(ROUNDS * STRIDE));
  for (let at = 0; at < view.byteLength; at += STRIDE) {
    const kinds = random.pick([[KINDS[1]!], [random.pick(KINDS), random.pick(KINDS)]]);
    const doubles = random.below(2) === 0;
    for (let i = 0; i < 16; i++) {
      const value = (): number => random.pick(kinds)(random);
      if (doubles) view.setFloat64(at + i * 8, value(), true);
      else for (const half of [0, 4]) view.setFloat32(at + i * 8 + half, value(), true);
    }
    view.setUint32(at + 128, random.pick([0x1f80, 0x1f80, 0x1fa0, 0x7f80]), true);
  }
  return new Uint8Array(view.buffer);
}

function outcome(cpu: BareCpu, code: readonly number[], input: Uint8Array): string {
  cpu.memory.write(INPUT, input);
  const { state } = cpu;
  const general = { ...state.general, rax: 0x1234_5678n, rsi: BigInt(INPUT), rdi: BigInt(OUTPUT) };
  cpu.engine.loadState({ ...state, general, rip: BigInt(CODE_BASE), halted: false });
  cpu.load(code);
  let exit = cpu.engine.run(SLICE);
  while (exit.reason === 'budget' || exit.reason === 'interrupted') exit = cpu.engine.run(SLICE);
  expect(exit.reason).toBe('halt');
  return Array.from({ length: ROUNDS }, (_, i) => {
    const output = Buffer.alloc(STRIDE);
    cpu.memory.read(OUTPUT + i * STRIDE, output);
    return output.toString('hex');
  }).join('\n');
}

it('SSE arithmetic does in regions what it does in the interpreter, in any order', () => {
  const translated = new BareCpu('long', EAGER);
  const interpreted = new BareCpu('long');
  const before = translated.engine.stats.counters['regions']!;
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const random = new Random(seed * 104_729);
    const code = program(random);
    const input = inputs(random);
    expect(outcome(translated, code, input), `seed ${seed}`).toBe(outcome(interpreted, code, input));
  }
  expect(translated.engine.stats.counters['regions']! - before).toBeGreaterThan(PROGRAMS / 2);
});

/** movups xmm1, [rsi]; mov ebp, 200; l: addpd xmm0, xmm1; lodsb; dec ebp; jnz l; mov esi, nowhere; jmp l */
const FAULTING = [
  ...[0x0f, 0x10, 0x0e, 0xbd, 200, 0, 0, 0, 0x66, 0x0f, 0x58, 0xc1, 0xac, 0xff, 0xcd, 0x75, 0xf7],
  ...[0xbe, ...dword(NOWHERE), 0xeb, 0xf0],
];

it('XMM registers are as they should be when an instruction that the core executes for a region faults', () => {
  const values = ([EAGER, { kind: 'interpreter' }] as const).map((engine) => {
    const cpu = new BareCpu('long', engine);
    cpu.memory.write(HANDLER, Uint8Array.of(HLT));
    cpu.write64(IDT + 14 * 16, 0x0001_8e00_0018_2000n);
    cpu.load(FAULTING);
    const { state } = cpu;
    cpu.memory.write(INPUT, new Uint8Array(new Float64Array([1.5, 0]).buffer));
    cpu.engine.loadState({ ...state, general: { ...state.general, rsi: BigInt(INPUT) } });
    let exit = cpu.engine.run(SLICE);
    while (exit.reason === 'budget' || exit.reason === 'interrupted') exit = cpu.engine.run(SLICE);
    expect(exit.reason).toBe('halt');
    expect(cpu.state.cr2).toBe(BigInt(NOWHERE));
    return new DataView(cpu.state.xsave.buffer).getFloat64(XMM0, true);
  });
  expect(values).toEqual([1.5 * 201, 1.5 * 201]);
});
