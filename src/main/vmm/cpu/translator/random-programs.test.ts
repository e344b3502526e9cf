import { describe, expect, it } from 'vitest';
import { BareCpu, CODE_BASE, IDT } from '../../../../testing/bare-cpu.js';
import { END_BYTES, LAST_BYTES, ProgramWriter } from '../../../../testing/program-writer.js';
import { Random } from '../../../../testing/random.js';
import { X87Writer } from '../../../../testing/x87-writer.js';
import type { CpuState } from '../registers.js';

/** Random loops must end in the same state in regions and in the interpreter. */
type Mode = 'long' | 'protected';

const DATA = 0x20000;
const DATA_BYTES = 0x1200;
/** Where programs' pointer starts: a page ends among what it reaches from the second. */
const POINTERS = [0x20040, 0x20fa0];
const STACK = 0x8800;
const STACK_BYTES = 0x800;
const HANDLER = 0x12000;
const HLT = 0xf4;
const PROGRAMS = 200;
const INSTRUCTIONS = 40;
const ROUNDS = 30;
/** Instructions of one run: translation happens between runs. */
const SLICE = 150;
const EAGER = { kind: 'translator', sampleInstructions: 7, hotSamples: 1, tellingMisses: 3 } as const;

/** Every exception halts, with its frame on the stack. */
function prepare(cpu: BareCpu, mode: Mode): BareCpu {
  cpu.memory.write(HANDLER, Uint8Array.of(HLT));
  const selector = mode === 'long' ? 24n : 8n;
  const gate = 0x0001_8e00_0000_2000n | (selector << 16n);
  for (let vector = 0; vector < 32; vector++) cpu.write64(IDT + vector * (mode === 'long' ? 16 : 8), gate);
  return cpu;
}

function randomRegisters(random: Random, state: CpuState, mode: Mode): CpuState['general'] {
  const word = (): bigint => {
    const low = BigInt(random.pick([random.word(), random.below(3), 0x7fff_ffff + random.below(3), 0xffff_ffff]));
    return mode === 'long' ? low | (BigInt(random.pick([0, random.word(), 0x8000_0000])) << 32n) : low;
  };
  const values = { rax: word(), rcx: word(), rdx: word(), rbx: word(), rdi: word() };
  return { ...state.general, ...values, rsi: BigInt(random.pick(POINTERS)) };
}

/** x87 errors by #MF, every exception masked, some registers in use. */
function withX87(random: Random, state: CpuState): CpuState {
  const xsave = state.xsave.slice();
  const view = new DataView(xsave.buffer);
  view.setUint16(0, random.pick([0x37f, 0x37f, 0x37f, 0x27f, 0xf7f, 0x37e]), true);
  view.setUint16(2, random.below(8) << 11, true);
  view.setUint8(4, random.pick([0, 0, 0x80, 0xc0, 0xff]));
  return { ...state, cr0: state.cr0 | 0x20n, xsave };
}

function outcome(cpu: BareCpu, start: CpuState, code: readonly number[], at: number): string {
  const words = new Random(7);
  cpu.memory.write(
    DATA,
    Uint8Array.from({ length: DATA_BYTES }, () => words.word() & 0xff),
  );
  cpu.memory.write(STACK, new Uint8Array(STACK_BYTES));
  cpu.memory.write(LAST_BYTES, new Uint8Array(END_BYTES));
  cpu.engine.loadState(start);
  cpu.load([...code, HLT], at);
  let exit = cpu.engine.run(SLICE);
  // A slice that ends in front of an instruction executed on its own is ended behind it, as an interruption.
  while (exit.reason === 'budget' || exit.reason === 'interrupted') exit = cpu.engine.run(SLICE);
  expect(exit.reason).toBe('halt');
  const { general, rip, rflags, cr2, xsave } = cpu.state;
  const hex = (at: number, bytes: number): string => {
    const copy = Buffer.alloc(bytes);
    cpu.memory.read(at, copy);
    return copy.toString('hex');
  };
  const registers = Object.entries(general).map(([name, value]) => `${name} ${value.toString(16)}`);
  return [
    ...registers,
    rip,
    rflags.toString(16),
    cr2,
    Buffer.from(xsave).toString('hex'),
    hex(DATA, DATA_BYTES),
    hex(STACK, STACK_BYTES),
  ].join('\n');
}

describe.each(['long', 'protected'] as const)('random programs in %s mode', (mode) => {
  it('do in regions what they do in the interpreter', () => {
    const translated = prepare(new BareCpu(mode, EAGER), mode);
    const interpreted = prepare(new BareCpu(mode), mode);
    const start = interpreted.state;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const random = new Random(seed * 7919);
      const code = new ProgramWriter(random, mode, new X87Writer(random)).program(INSTRUCTIONS, ROUNDS);
      const general = randomRegisters(random, start, mode);
      const from = { ...withX87(random, start), general, rip: BigInt(CODE_BASE) };
      // Every other one goes over a page border.
      const at = seed % 2 ? CODE_BASE : CODE_BASE + 0xf00 + random.below(0xf8);
      expect(outcome(translated, from, code, at), `seed ${seed}`).toBe(outcome(interpreted, from, code, at));
    }
    expect(translated.engine.stats.counters['regions']).toBeGreaterThan(PROGRAMS / 2);
  });
});
