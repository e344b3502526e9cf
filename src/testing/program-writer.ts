import type { Random } from './random.js';

/** EAX, ECX, EDX, EBX, EDI; EBP counts the loop, ESI points at the data. */
const REGISTERS = [0, 1, 2, 3, 7];

/** Random programs of a loop around what compilers emit most, with forward jumps, memory operands and rare faults. */
export class ProgramWriter {
  constructor(
    private readonly random: Random,
    private readonly mode: 'long' | 'protected',
  ) {}

  /** A loop of so many rounds around so many instructions. */
  program(instructions: number, rounds = 3): number[] {
    const body: number[] = [];
    for (let i = 0; i < instructions; i++) body.push(...this.instruction());
    const back = -(body.length + 8);
    // mov ebp, rounds; l: body; dec ebp; jnz l
    return [0xbd, ...dword(rounds), ...body, 0xff, 0xcd, 0x0f, 0x85, ...dword(back)];
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
