import { describe, expect, it } from 'vitest';
import { BareCpu, CODE_BASE, IDT } from '../../../testing/bare-cpu.js';
import { END_BYTES, LAST_BYTES, ProgramWriter } from '../../../testing/program-writer.js';
import { Random } from '../../../testing/random.js';
import type { CpuState } from './registers.js';

/**
 * The core makes runs of decoded instructions cheaper: no flags where nobody reads them, pairs as one case, cases for
 * flat operands. It never does that to an instruction it executes on its own, so a program must end in the same state
 * whether it runs freely or under an armed debug register.
 */
type Mode = 'long' | 'protected';

const DATA = 0x20000;
const DATA_BYTES = 0x400;
const STACK = 0x8800;
const STACK_BYTES = 0x800;
const HANDLER = 0x12000;
const HLT = 0xf4;
const PROGRAMS = 250;
const INSTRUCTIONS = 40;

/** DR7 with breakpoint 0 at an address no program gets to. */
const ARMED = 0x402n;
const DISARMED = 0x400n;

/** Every exception halts, with its frame on the stack. */
function machine(mode: Mode): BareCpu {
  const cpu = new BareCpu(mode);
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
  const { rsp } = state.general;
  const values = { rax: word(), rcx: word(), rdx: word(), rbx: word(), rdi: word() };
  return { ...state.general, ...values, rsi: BigInt(DATA), rsp };
}

/** Everything a program may have changed, as text: cheap to compare. */
function outcome(cpu: BareCpu, start: CpuState, code: readonly number[], stepped: boolean): string {
  const words = new Random(7);
  cpu.memory.write(
    DATA,
    Uint8Array.from({ length: DATA_BYTES }, () => words.word() & 0xff),
  );
  cpu.memory.write(STACK, new Uint8Array(STACK_BYTES));
  cpu.memory.write(LAST_BYTES, new Uint8Array(END_BYTES));
  cpu.engine.loadState({ ...start, debug: [0x77_0000n, 0n, 0n, 0n, 0n, stepped ? ARMED : DISARMED] });
  cpu.load([...code, HLT]);
  expect(cpu.run().reason).toBe('halt');
  const { general, rip, rflags, cr2 } = cpu.state;
  const hex = (at: number, bytes: number): string => {
    const copy = Buffer.alloc(bytes);
    cpu.memory.read(at, copy);
    return copy.toString('hex');
  };
  const registers = Object.entries(general).map(([name, value]) => `${name} ${value.toString(16)}`);
  return [...registers, rip, rflags.toString(16), cr2, hex(DATA, DATA_BYTES), hex(STACK, STACK_BYTES)].join('\n');
}

describe.each(['long', 'protected'] as const)('decoded runs in %s mode', (mode) => {
  it('do what single steps do', () => {
    const cpu = machine(mode);
    const start = cpu.state;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const random = new Random(seed * 7919);
      const code = new ProgramWriter(random, mode).program(INSTRUCTIONS);
      const from = { ...start, general: randomRegisters(random, start, mode), rip: BigInt(CODE_BASE) };
      expect(outcome(cpu, from, code, false), `seed ${seed}`).toBe(outcome(cpu, from, code, true));
    }
    expect(cpu.engine.stats.counters['singleSteps']).toBeGreaterThan(PROGRAMS * INSTRUCTIONS);
  });
});
