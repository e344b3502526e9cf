import { expect, test } from 'vitest';
import { BareCpu, CODE_BASE, IDT } from '../../../../../../testing/bare-cpu.js';

/** Vectors in memory must be aligned, but for MOVUPS: #GP, wherever in a region, and however the address was found good. */
const INPUT = 0x20000;
const HANDLER = 0x12000;
const HLT = 0xf4;
const SLICE = 300;
const EAGER = { kind: 'translator', sampleInstructions: 7, hotSamples: 1 } as const;
const GENERAL_PROTECTION = 13;
const ROUNDS = 200;

const MOVUPS_LOAD = [0x0f, 0x10, 0x06]; // xmm0, [rsi]
const MOVAPS_LOAD = [0x0f, 0x28, 0x06]; // xmm0, [rsi]
const MOVAPS_STORE_32 = [0x0f, 0x29, 0x46, 32]; // [rsi+32], xmm0
const MOVAPS_LOAD_32 = [0x0f, 0x28, 0x4e, 32]; // xmm1, [rsi+32]
const ADDPS_LOAD_16 = [0x0f, 0x58, 0x4e, 16]; // xmm1, [rsi+16]
const MOVAPS_LOAD_8 = [0x0f, 0x28, 0x4e, 8]; // xmm1, [rsi+8]

/** Where a program ends that reads at RSI many times over, then once more four bytes on. */
function outcome(engine: typeof EAGER | { kind: 'interpreter' }, body: readonly number[], start: number) {
  const cpu = new BareCpu('long', engine);
  cpu.memory.write(HANDLER, Uint8Array.of(HLT));
  cpu.write64(IDT + GENERAL_PROTECTION * 16, 0x0001_8e00_0018_2000n);
  // mov ebp, ROUNDS; l: the instructions; dec ebp; jnz l; add esi, 4; inc ebp; jmp l
  const back = -(body.length + 4);
  const tail = [0xff, 0xcd, 0x75, back & 0xff, 0x83, 0xc6, 4, 0xff, 0xc5, 0xeb, (back - 7) & 0xff];
  cpu.load([0xbd, ROUNDS, 0, 0, 0, ...body, ...tail]);
  const { state } = cpu;
  cpu.engine.loadState({ ...state, general: { ...state.general, rsi: BigInt(start) } });
  let exit = cpu.engine.run(SLICE);
  while (exit.reason === 'budget' || exit.reason === 'interrupted') exit = cpu.engine.run(SLICE);
  const { rsp, rbp, rsi } = cpu.state.general;
  const frame = Buffer.alloc(16);
  cpu.memory.read(Number(rsp), frame);
  return {
    reason: exit.reason,
    error: frame.readBigUInt64LE(0),
    at: frame.readBigUInt64LE(8) - BigInt(CODE_BASE),
    ...{ rbp, rsi },
    regions: cpu.engine.stats.counters['regions'] ?? 0,
  };
}

test.each([
  ['its only access', MOVAPS_LOAD, 0, 5],
  ['the first of some that are looked up together', [...MOVAPS_LOAD, ...MOVAPS_STORE_32, ...MOVAPS_LOAD_32], 0, 5],
  ['one behind another that may be anywhere', [...MOVUPS_LOAD, ...MOVAPS_LOAD_32], 0, 8],
  ['the operand of an arithmetic instruction', [...MOVUPS_LOAD, ...ADDPS_LOAD_16], 0, 8],
  ['one at an odd distance from another', [...MOVUPS_LOAD, ...MOVAPS_LOAD_8], 8, 8],
] as const)('a region faults where what is not aligned is %s', (_, body, offset, at) => {
  const { regions, ...translated } = outcome(EAGER, body, INPUT + offset);
  const { regions: none, ...interpreted } = outcome({ kind: 'interpreter' }, body, INPUT + offset);
  expect(translated).toEqual(interpreted);
  expect(translated).toMatchObject({ reason: 'halt', error: 0n, at: BigInt(at), rsi: BigInt(INPUT + offset + 4) });
  expect(regions).toBeGreaterThan(0);
  expect(none).toBe(0);
});
