import { describe, expect, it } from 'vitest';
import { BareCpu, CODE_BASE, IDT } from '../../../testing/bare-cpu.js';
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

/** EAX, ECX, EDX, EBX, EDI; EBP counts the loop, ESI points at the data. */
const REGISTERS = [0, 1, 2, 3, 7];

/** Random programs of a loop around what compilers emit most, with forward jumps, memory operands and rare faults. */
class ProgramWriter {
  constructor(
    private readonly random: Random,
    private readonly mode: Mode,
  ) {}

  program(): number[] {
    const body: number[] = [];
    for (let i = 0; i < INSTRUCTIONS; i++) body.push(...this.instruction());
    const back = -(body.length + 8);
    // mov ebp, 3; l: body; dec ebp; jnz l
    return [0xbd, 3, 0, 0, 0, ...body, 0xff, 0xcd, 0x0f, 0x85, ...dword(back)];
  }

  private instruction(): number[] {
    const { random } = this;
    switch (random.below(16)) {
      case 0:
      case 1:
      case 2:
        return [...this.rex(), random.below(8) * 8 + random.below(4), this.registers()];
      case 3:
      case 4:
        return [...this.rex(), random.pick([0x80, 0x83]), this.digit(random.below(8)), random.word() & 0xff];
      case 5:
        return [...this.rex(), 0x81, this.digit(random.below(8)), ...dword(random.word())];
      case 6:
        return this.shift();
      case 7:
        return [...this.rex(), random.pick([0xfe, 0xff]), this.digit(random.below(2))];
      case 8:
        return random.below(2)
          ? [...this.rex(), 0xf7, this.digit(random.pick([2, 3]))]
          : [...this.rex(), 0x0f, 0xaf, this.registers()];
      case 9:
        return [...this.rex(), random.pick([0x84, 0x85, 0x88, 0x89, 0x8a, 0x8b]), this.registers()];
      case 10:
        return [0x0f, random.pick([0x40, 0x90]) + random.below(16), this.registers()];
      case 11:
        return [...this.rex(), 0x8d, 0x04 | (random.pick(REGISTERS) << 3), this.sib()];
      case 12:
        return [...this.rex(), random.below(8) * 8 + random.below(4), ...this.memory()];
      case 13:
        return [0x9c, 0x58 + random.pick(REGISTERS)];
      case 14:
        return random.below(12) === 0 ? [0x0f, 0x0b] : [0x0f, 0xb6, this.registers()];
      default:
        return this.jumpOver();
    }
  }

  private jumpOver(): number[] {
    const skipped = this.random.below(3) === 0 ? [] : [...this.instruction()];
    return [0x70 + this.random.below(16), skipped.length, ...skipped];
  }

  private shift(): number[] {
    const digit = this.digit(this.random.pick([0, 1, 4, 5, 7]));
    const opcode = this.random.pick([0xc0, 0xc1, 0xd1, 0xd3]);
    return [...this.rex(), opcode, digit, ...(opcode < 0xd0 ? [this.random.below(70)] : [])];
  }

  private rex(): number[] {
    return this.mode === 'long' && this.random.below(2) ? [0x48] : [];
  }

  private registers(): number {
    return 0xc0 | (this.random.pick(REGISTERS) << 3) | this.random.pick(REGISTERS);
  }

  private digit(digit: number): number {
    return 0xc0 | (digit << 3) | this.random.pick(REGISTERS);
  }

  /** [ESI + index * scale]. */
  private sib(): number {
    return (this.random.below(4) << 6) | (this.random.pick(REGISTERS) << 3) | 6;
  }

  /** ModR/M for [ESI + disp8], or for an address nothing is mapped at. */
  private memory(): number[] {
    const reg = this.random.pick(REGISTERS) << 3;
    if (this.random.below(40) === 0) return [0x04 | reg, 0x25, ...dword(0x0f00_0000)];
    return [0x46 | reg, this.random.below(0x78)];
  }
}

function dword(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
}

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
      const code = new ProgramWriter(random, mode).program();
      const from = { ...start, general: randomRegisters(random, start, mode), rip: BigInt(CODE_BASE) };
      expect(outcome(cpu, from, code, false), `seed ${seed}`).toBe(outcome(cpu, from, code, true));
    }
    expect(cpu.engine.stats.counters['singleSteps']).toBeGreaterThan(PROGRAMS * INSTRUCTIONS);
  });
});
