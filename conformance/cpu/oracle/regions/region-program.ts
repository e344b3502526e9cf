import type { CaseStep } from '../case-info.js';
import type { CaseBuilder } from '../generate/case-builder.js';
import { READS_FLAGS } from '../generate/sequence.js';
import type { Template } from '../generate/template.js';
import { leavesUndefined, regionInstruction, type RegionOperands } from './region-instruction.js';

/** A piece of a program: code that is the same wherever it lies, or one that needs to know where. */
interface Item {
  readonly bytes: number[];
  /** Fills in what depends on addresses, when those of all items are known. */
  readonly fix?: (bytes: number[], at: number, itemAt: (index: number) => number) => void;
}

export interface RegionProgram {
  readonly code: number[];
  readonly steps: readonly CaseStep[];
}

const MAX_ITEMS = 24;
/** Flags of these are read by nothing after an instruction that leaves AF undefined, as nearly all logic does. */
const READS_AUXILIARY = /^(daa|das|aaa|aas|lahf|pushf)/;
const HLT = 0xf4;
const RET = 0xc3;
const DEC_EBP = [0xff, 0xcd];
/** EAX, ECX, EDX, EDI. */
const SCRATCH = [0, 1, 2, 7];

function put32(bytes: number[], at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = (value >>> (8 * i)) & 0xff;
}

/** Loop of a few rounds around random instructions, jumps, calls, strings, and stores into its own code. */
export class ProgramWriter {
  private readonly items: Item[] = [];
  private readonly steps: CaseStep[] = [];
  /** Items that are called, behind the loop. */
  private readonly subroutines: Item[][] = [];
  private readonly pure: boolean;
  /** Items of the loop. */
  private readonly length: number;

  constructor(
    private readonly b: CaseBuilder,
    private readonly rows: readonly Template[],
    private readonly operands: RegionOperands,
  ) {
    this.pure = b.random.below(2) === 0;
    this.length = 3 + b.random.below(MAX_ITEMS);
  }

  /** @param at linear address of the code */
  write(at: number): RegionProgram {
    const { random } = this.b;
    while (this.items.length < this.length) this.items.push(this.item());
    if (random.below(2) === 0) this.items.push({ bytes: this.stride() });
    this.items.push({ bytes: DEC_EBP }, { bytes: [0x0f, 0x85, 0, 0, 0, 0], fix: branchTo(2, 0) }, { bytes: [HLT] });
    for (const subroutine of this.subroutines) this.items.push(...subroutine);
    return { code: this.link(at), steps: this.steps };
  }

  private link(at: number): number[] {
    const starts: number[] = [];
    let next = at;
    for (const { bytes } of this.items) {
      starts.push(next);
      next += bytes.length;
    }
    this.items.forEach(({ bytes, fix }, i) => fix?.(bytes, starts[i]!, (index) => starts[index] ?? next));
    return this.items.flatMap(({ bytes }) => bytes);
  }

  private item(): Item {
    switch (this.b.random.below(24)) {
      case 0:
      case 1:
        return this.jumpOver();
      case 2:
        return this.call();
      case 3:
        return this.indirectJump();
      case 4:
        return this.string();
      case 5:
        return this.modifyCode();
      case 6:
        return this.stackPair();
      default:
        return { bytes: this.instruction() };
    }
  }

  /** One random instruction; in front of a reader of flags something that defines them, where they might not be. */
  private instruction(): number[] {
    const { random } = this.b;
    for (;;) {
      const template = random.pick(this.rows);
      if (this.pure && leavesUndefined(template)) continue;
      if (/^i?div/.test(template.mnemonic) && random.below(4) > 0) continue;
      const step = regionInstruction(this.b, template, this.operands);
      this.steps.push(step);
      const defines = this.needsFlags(template.mnemonic) ? this.compare() : [];
      return [...defines, ...step.code];
    }
  }

  private needsFlags(mnemonic: string): boolean {
    if (READS_AUXILIARY.test(mnemonic)) return true;
    return READS_FLAGS.test(mnemonic) && (!this.pure || this.b.random.below(4) === 0);
  }

  /** CMP or ADD of two registers: all six flags are defined by it. */
  private compare(): number[] {
    const { random } = this.b;
    return [random.pick([0x39, 0x01]), 0xc0 | (random.pick(SCRATCH) << 3) | random.pick(SCRATCH)];
  }

  private condition(): number[] {
    return this.pure && this.b.random.below(2) === 0 ? [] : this.compare();
  }

  /** A conditional jump over what follows. */
  private jumpOver(): Item {
    const { random } = this.b;
    const head = this.condition();
    const code = [...head, 0x0f, 0x80 | random.below(16), 0, 0, 0, 0];
    return { bytes: code, fix: branchTo(head.length + 2, this.ahead()) };
  }

  /** Number of an item after this one, up to what ends the round. */
  private ahead(): number {
    return Math.min(this.items.length + 1 + this.b.random.below(3), this.length);
  }

  private call(): Item {
    const { random } = this.b;
    const body: Item[] = Array.from({ length: 1 + random.below(3) }, () => ({ bytes: this.instruction() }));
    body.push({ bytes: [RET] });
    this.subroutines.push(body);
    const number = this.subroutines.length - 1;
    return {
      bytes: [0xe8, 0, 0, 0, 0],
      fix: (bytes, at, itemAt) => put32(bytes, 1, itemAt(this.subroutineAt(number)) - (at + 5)),
    };
  }

  private subroutineAt(number: number): number {
    const behind = this.subroutines.slice(number).reduce((sum, { length }) => sum + length, 0);
    return this.items.length - behind;
  }

  /** MOV EAX, address; JMP EAX. */
  private indirectJump(): Item {
    const to = this.ahead();
    return { bytes: [0xb8, 0, 0, 0, 0, 0xff, 0xe0], fix: (bytes, _at, itemAt) => put32(bytes, 1, itemAt(to)) };
  }

  /** RDI is given a place, RSI keeps its own; RCX a count; now and then backwards. */
  private string(): Item {
    const { random, long } = this.b;
    const opcode = random.pick([0xa4, 0xa5, 0xaa, 0xab, 0xac, 0xad, 0xa6, 0xa7, 0xae, 0xaf]);
    const compares = opcode === 0xa6 || opcode === 0xa7 || opcode === 0xae || opcode === 0xaf;
    const backwards = random.below(8) === 0;
    const wide = (opcode & 1) === 1 && long && random.below(2) === 0 ? [0x48] : [];
    const repeat = random.below(3) > 0 ? [random.pick([0xf2, 0xf3])] : [];
    return {
      bytes: [
        ...(long ? [0x48] : []), 0x8d, 0x7b, random.below(0x70), // lea rdi, [rbx + disp8]
        0xb9, random.below(20), 0, 0, 0, // mov ecx, count
        ...(compares ? this.compare() : []),
        ...(backwards ? [0xfd] : []),
        ...repeat, ...wide, opcode,
        ...(backwards ? [0xfc] : []),
      ],
    }; // prettier-ignore
  }

  /** MOV register, immediate somewhere, and a store into that immediate before or behind it; or ADD that becomes SUB. */
  private modifyCode(): Item {
    const { random, long } = this.b;
    const register = random.pick(SCRATCH);
    const store = (bytes: number[], at: number, field: number, to: number, length: number): void =>
      put32(bytes, field, long ? to - (at + length) : to);
    if (random.below(2) === 0) {
      const source = random.pick(SCRATCH);
      // mov [address], source; …; mov register, imm32
      const behind = random.below(2) === 0;
      const move = [0xb8 | register, 1, 2, 3, 4];
      const write = [0x89, 0x05 | (source << 3), 0, 0, 0, 0];
      return behind
        ? { bytes: [...move, ...write], fix: (bytes, at) => store(bytes, at, 7, at + 1, 11) }
        : { bytes: [...write, ...move], fix: (bytes, at) => store(bytes, at, 2, at + 7, 6) };
    }
    // xor byte [address], 28h; add register, register
    return {
      bytes: [0x80, 0x35, 0, 0, 0, 0, 0x28, 0x01, 0xc0 | (register << 3) | random.pick(SCRATCH)],
      fix: (bytes, at) => store(bytes, at, 2, at + 7, 7),
    };
  }

  /** PUSH and POP with an instruction between. */
  private stackPair(): Item {
    const { random } = this.b;
    const middle = random.below(2) === 0 ? this.instruction() : [];
    const from = random.pick([...SCRATCH, 3, 6]);
    return { bytes: [0x50 | from, ...middle, 0x58 | random.pick(SCRATCH)] };
  }

  /** ADD ESI, stride: the round after next may lie in another page. */
  private stride(): number[] {
    const { random, long } = this.b;
    const stride = (random.below(3) === 0 ? random.below(0x1000) : random.below(0x100)) & ~(random.below(4) ? 15 : 0);
    return [...(long ? [0x48] : []), 0x81, 0xc6, stride & 0xff, stride >>> 8, 0, 0];
  }
}

/** A relative branch whose rel32 is at `field`, the last of its bytes. */
function branchTo(field: number, index: number): NonNullable<Item['fix']> {
  return (bytes, at, itemAt) => put32(bytes, field, itemAt(index) - (at + field + 4));
}
