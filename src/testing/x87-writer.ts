import type { Random } from './random.js';

const PUSHES_ST: readonly (readonly [number, number])[] = [[0xd9, 0xe8], [0xd9, 0xee], [0xd9, 0xeb], [0xd9, 0xc0], [0xd9, 0xc1]]; // prettier-ignore
const PUSHES_MEMORY: readonly (readonly [number, number])[] = [[0xd9, 0], [0xdd, 0], [0xdb, 0], [0xdf, 0], [0xdf, 5], [0xdb, 5]]; // prettier-ignore
const POPS_MEMORY: readonly (readonly [number, number])[] = [[0xd9, 3], [0xdd, 3], [0xdb, 3], [0xdf, 3], [0xdf, 7], [0xdb, 7], [0xdd, 1]]; // prettier-ignore
const POPS_ST: readonly (readonly [number, number])[] = [[0xdd, 0xd9], [0xde, 0xc1], [0xde, 0xca], [0xde, 0xe9], [0xdf, 0xf1], [0xdd, 0xe9]]; // prettier-ignore
const ON_ST: readonly (readonly [number, number])[] = [
  [0xd9, 0xe0], [0xd9, 0xe1], [0xd9, 0xfa], [0xd9, 0xfc], [0xd9, 0xe4], [0xd9, 0xc9], [0xd9, 0xca], [0xd8, 0xc1], [0xd8, 0xca],
  [0xd8, 0xe1], [0xd8, 0xf9], [0xdc, 0xc1], [0xdc, 0xea], [0xdc, 0xf1], [0xdb, 0xf1], [0xdb, 0xe9], [0xda, 0xc1], [0xdb, 0xd2],
  [0xdf, 0xe0], [0xd9, 0xf7], [0xd9, 0xf6], [0xdd, 0xd2], [0xd9, 0xe5], [0xd9, 0xf8],
]; // prettier-ignore
const ARITHMETIC_MEMORY = [0xd8, 0xdc, 0xda, 0xde];

/** Random x87 code for {@link ProgramWriter}: a value is pushed, worked on and popped, other instructions in between. */
export class X87Writer {
  constructor(private readonly random: Random) {}

  /** @param between gives other instructions */
  sequence(between: () => readonly number[]): number[] {
    const { random } = this;
    const code = random.below(2) ? this.operand(random.pick(PUSHES_MEMORY)) : [...random.pick(PUSHES_ST)];
    for (let count = random.below(6); count > 0; count--) {
      if (random.below(3) === 0) code.push(...between());
      code.push(...this.step());
    }
    return [...code, ...(random.below(3) ? this.operand(random.pick(POPS_MEMORY)) : random.pick(POPS_ST))];
  }

  private step(): readonly number[] {
    const { random } = this;
    if (random.below(2)) return random.pick(ON_ST);
    if (random.below(10) === 0) return this.operand([0xd9, random.pick([5, 7])]);
    return this.operand([random.pick(ARITHMETIC_MEMORY), random.pick([0, 1, 2, 4, 5, 6, 7])]);
  }

  /** With a memory operand at [ESI + disp8], now and then at an address nothing is mapped at. */
  private operand([opcode, digit]: readonly [number, number]): number[] {
    if (this.random.below(60) === 0) return [opcode, (digit << 3) | 5, 0, 0, 0, 0x0f];
    return [opcode, 0x46 | (digit << 3), this.random.below(0x70)];
  }
}
