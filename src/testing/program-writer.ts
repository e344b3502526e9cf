import type { Random } from './random.js';
import type { X87Writer } from './x87-writer.js';

/** EAX, ECX, EDX, EBX, EDI; EBP counts the loop, ESI points at the data. */
const REGISTERS = [0, 1, 2, 3, 7];

/** Addresses string instructions start from: in the data, and in front of where memory ends. */
const STRINGS = 0x2_0180;
const END_OF_MEMORY = 0x100_0000;
/** What programs change there, to be cleared before another one runs. */
export const END_BYTES = 0x200;
export const LAST_BYTES = END_OF_MEMORY - END_BYTES;
/** Arithmetic flags, DF, IF, AC, ID. */
const POPPED_FLAGS = 0x24_0ed5;

/** Random programs of a loop around what compilers emit most, with forward jumps, memory operands and rare faults. */
export class ProgramWriter {
  constructor(
    private readonly random: Random,
    private readonly mode: 'long' | 'protected',
    /** Writes every fourth part of a program, if given. */
    private readonly x87?: X87Writer,
  ) {}

  /** A loop of so many rounds around so many instructions. */
  program(instructions: number, rounds = 3): number[] {
    const body: number[] = [];
    for (let i = 0; i < instructions; i++) body.push(...this.part());
    const back = -(body.length + 8);
    // mov ebp, rounds; l: body; dec ebp; jnz l
    return [0xbd, ...dword(rounds), ...body, 0xff, 0xcd, 0x0f, 0x85, ...dword(back)];
  }

  private part(): number[] {
    if (this.x87 && this.random.below(4) === 0) return this.x87.sequence(() => this.instruction());
    return this.instruction();
  }

  private instruction(): number[] {
    const { random } = this;
    switch (random.below(23)) {
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
      case 15:
        return this.locked();
      case 16:
        return this.bitOfMemory();
      case 17:
        return this.string();
      case 18:
        return this.flags();
      case 19:
        return this.system();
      case 20:
        return [
          random.pick([0x64, 0x65]),
          ...this.rex(),
          random.pick([0x88, 0x89, 0x8a, 0x8b, 0x03]),
          ...this.memory(),
        ];
      case 21:
        return this.movedPointer();
      default:
        return this.jumpOver();
    }
  }

  /** Instructions with ESI, or a copy of it in EDI, moved by a constant and back. */
  private movedPointer(): number[] {
    const { random } = this;
    const wide = this.mode === 'long' ? [0x48] : [];
    const distance = random.below(0x20);
    const [there, back] = random.pick([
      [
        [...wide, 0x83, 0xc6, distance],
        [...wide, 0x83, 0xee, distance],
      ],
      [
        [...wide, 0x8d, 0x76, distance],
        [...wide, 0x8d, 0x76, -distance & 0xff],
      ],
      [
        [...wide, 0xff, 0xc6],
        [...wide, 0xff, 0xce],
      ],
      [
        [...wide, 0x89, 0xf7, ...wide, 0x8b, 0x47, distance],
        [...wide, 0x89, 0x4f, distance + 4],
      ],
    ]);
    const between = Array.from({ length: 1 + random.below(3) }, () => [
      ...this.rex(),
      random.pick([0x88, 0x89, 0x8a, 0x8b, 0x03, 0x01]),
      ...this.memory(),
    ]);
    return [...there, ...between.flat(), ...back];
  }

  /** Read-modify-write and exchanges in memory; those that need no LOCK also without. */
  private locked(): number[] {
    const { random } = this;
    const lock = random.below(2) ? [0xf0] : [];
    switch (random.below(5)) {
      case 0:
        return [0xf0, ...this.rex(), random.below(7) * 8 + random.below(2), ...this.memory()];
      case 1:
        return [...lock, ...this.rex(), random.pick([0x86, 0x87]), ...this.memory()];
      case 2:
        return [...lock, ...this.rex(), 0x0f, random.pick([0xb0, 0xb1, 0xc0, 0xc1]), ...this.memory()];
      case 3:
        return [...lock, ...this.rex(), 0x0f, 0xc7, ...this.memoryDigit(1, random.below(2) * 16)];
      default:
        return random.below(2)
          ? [0xf0, ...this.rex(), random.pick([0xfe, 0xff]), ...this.memoryDigit(random.below(2))]
          : [0xf0, ...this.rex(), random.pick([0xf6, 0xf7]), ...this.memoryDigit(2 + random.below(2))];
    }
  }

  /** Bits of memory by a constant, or by a register with a number that stays near. */
  private bitOfMemory(): number[] {
    const { random } = this;
    const digit = 4 + random.below(4);
    const lock = digit > 4 && random.below(2) ? [0xf0] : [];
    const rex = this.rex();
    if (random.below(2)) return [...lock, ...rex, 0x0f, 0xba, ...this.memoryDigit(digit), random.word() & 0xff];
    // mov eax, number; in 64-bit code sign-extended.
    const number = [...(this.mode === 'long' ? [0x48] : []), 0xc7, 0xc0, ...dword(random.below(0x800) - 0x200)];
    return [...number, ...lock, ...rex, 0x0f, 0x83 + digit * 8, ...this.memoryDigit(0, 0x40 + random.below(0x38))];
  }

  /** A string instruction on the data or at the end of memory, once or repeated, up or down; ESI and DF as before. */
  private string(): number[] {
    const { random } = this;
    const opcode = random.pick([0xa4, 0xa4, 0xa6, 0xaa, 0xaa, 0xac, 0xae]) + random.below(2);
    const repeat = random.below(4) ? [random.pick([0xf2, 0xf3])] : [];
    const target = random.below(8) ? STRINGS + random.below(0x80) : END_OF_MEMORY - random.below(0x40);
    const from = random.below(3) ? [] : [0xbe, ...dword(STRINGS + random.below(0x80))];
    const backwards = random.below(4) === 0;
    return [
      0x56,
      ...from,
      ...[0xbf, ...dword(target)],
      ...[0xb9, ...dword(random.below(0x30))],
      ...(backwards ? [0xfd] : []),
      ...repeat,
      ...this.rex(),
      opcode,
      ...(backwards ? [0xfc] : []),
      0x5e,
    ];
  }

  /** POPF of the flags a program changes, CLI, STI. */
  private flags(): number[] {
    const { random } = this;
    return random.below(2) ? [0x68, ...dword(random.word() & POPPED_FLAGS), 0x9d, 0xfc] : [random.pick([0xfa, 0xfb])];
  }

  /** What kernels read and write. */
  private system(): number[] {
    const { random } = this;
    const register = random.pick(REGISTERS);
    switch (random.below(6)) {
      case 3: {
        // A segment register pushed, and popped to a general one.
        const pushes =
          this.mode === 'long'
            ? [
                [0x0f, 0xa0],
                [0x0f, 0xa8],
              ]
            : [[0x06], [0x0e], [0x16], [0x1e], [0x0f, 0xa8]];
        return [...random.pick(pushes), 0x58 + register];
      }
      case 4:
        return [0x0f, ...random.pick([[0x31], [0x01, 0xf9]])];
      case 0:
        return [...this.rex(), 0x8c, 0xc0 | (random.below(6) << 3) | register];
      case 1:
        return [0x0f, 0x20, 0xc0 | (random.pick([0, 2, 3, 4]) << 3) | register];
      case 2:
        return this.mode === 'long' ? [0x0f, 0x01, 0xf8] : [0x0f, 0x06];
      default:
        return [...this.rex(), 0x0f, random.pick([0xa5, 0xad]), this.registers()];
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

  /** ModR/M for [ESI + disp8] with an opcode extension. */
  private memoryDigit(digit: number, at = this.random.below(0x78)): number[] {
    return [0x46 | (digit << 3), at];
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
