import { ByteReader } from './byte-reader.js';
import { findInstruction, type IndexedInstruction } from './instruction-index.js';
import { generalRegister, SEGMENTS, sizeKeyword } from './registers.js';

export interface DisassembleOptions {
  /** Code size of the segment. */
  readonly bits: 16 | 32 | 64;
  /** Address of the first byte, for branch targets. */
  readonly address?: bigint;
}

export interface Disassembled {
  /** Intel syntax; `(bad)` for bytes that decode to nothing. */
  readonly text: string;
  /** In bytes, at least 1. */
  readonly length: number;
}

const SEGMENT_PREFIXES: Readonly<Record<number, number>> = { 0x26: 0, 0x2e: 1, 0x36: 2, 0x3e: 3, 0x64: 4, 0x65: 5 };

/** Disassembles one instruction by the opcode table that the decoder is made from. */
export function disassemble(bytes: Uint8Array, { bits, address = 0n }: DisassembleOptions): Disassembled {
  try {
    return new Decoder(new ByteReader(bytes), bits, address).decode();
  } catch (error) {
    if (error instanceof RangeError) return { text: '(bad)', length: Math.max(1, Math.min(bytes.length, 1)) };
    throw error;
  }
}

class Decoder {
  private rex = 0;
  private repeat = 0;
  private lock = false;
  private operandSizePrefix = false;
  private addressSizePrefix = false;
  private segment: number | undefined;
  private opcode = 0;
  private modrm = 0;
  private row!: IndexedInstruction;
  private memory: string | undefined;

  constructor(
    private readonly reader: ByteReader,
    private readonly bits: 16 | 32 | 64,
    private readonly address: bigint,
  ) {}

  decode(): Disassembled {
    this.readPrefixes();
    const map = this.readOpcode();
    const row = findInstruction(map, this.opcode, {
      bits: this.bits,
      operandSizePrefix: this.operandSizePrefix,
      repeat: this.repeat,
      rexW: (this.rex & 8) !== 0,
      modrm: this.reader.peek(),
    });
    if (!row) return { text: '(bad)', length: this.reader.position };
    this.row = row;
    if (row.encoding.modrm) this.readModrm();
    if (this.isNop()) return { text: 'nop', length: this.reader.position };
    const operands = row.operands.map((operand) => this.operand(operand)).filter((text) => text !== '');
    const text = `${this.prefixText()}${this.mnemonic()}${operands.length > 0 ? ` ${operands.join(',')}` : ''}`;
    return { text, length: this.reader.position };
  }

  private readPrefixes(): void {
    for (;;) {
      const byte = this.reader.peek();
      if (byte === undefined) throw new RangeError('only prefixes');
      const segment = SEGMENT_PREFIXES[byte];
      if (segment !== undefined) this.segment = segment;
      else if (byte === 0x66) this.operandSizePrefix = true;
      else if (byte === 0x67) this.addressSizePrefix = true;
      else if (byte === 0xf0) this.lock = true;
      else if (byte === 0xf2 || byte === 0xf3) this.repeat = byte;
      else if (this.bits === 64 && (byte & 0xf0) === 0x40) {
        // REX counts only directly before the opcode.
        this.rex = this.reader.byte();
        const next = this.reader.peek();
        if (next === undefined || !isPrefix(next)) return;
        this.rex = 0;
        continue;
      } else return;
      this.reader.byte();
    }
  }

  private readOpcode(): number {
    this.opcode = this.reader.byte();
    if (this.opcode !== 0x0f) return 0;
    this.opcode = this.reader.byte();
    if (this.opcode !== 0x38 && this.opcode !== 0x3a) return 1;
    const map = this.opcode === 0x38 ? 2 : 3;
    this.opcode = this.reader.byte();
    return map;
  }

  private readModrm(): void {
    this.modrm = this.reader.byte();
    if (this.modrm < 0xc0) this.memory = this.addressBytes() === 2 ? this.address16() : this.address32or64();
  }

  private prefixText(): string {
    const lock = this.lock ? 'lock ' : '';
    if (this.repeat === 0 || this.row.encoding.prefix.startsWith('F')) return lock;
    if (!this.row.operands.some((operand) => /^[XY]/.test(operand))) return lock;
    const compares = /^(cmps|scas)/.test(this.row.mnemonic);
    return `${lock}${this.repeat === 0xf2 ? 'repnz ' : compares ? 'repz ' : 'rep '}`;
  }

  /** Some rows serve several operand sizes under one name; the manual names each. */
  private mnemonic(): string {
    const size = this.operandBytes();
    const byName: Readonly<Record<string, readonly [string, string, string]>> = {
      cbw: ['cbw', 'cwde', 'cdqe'],
      cwd: ['cwd', 'cdq', 'cqo'],
      jrcxz: ['jcxz', 'jecxz', 'jrcxz'],
      cmpxchg8b: ['cmpxchg8b', 'cmpxchg8b', 'cmpxchg16b'],
    };
    const names = byName[this.row.mnemonic];
    if (!names) return this.row.mnemonic;
    const bytes = this.row.mnemonic === 'jrcxz' ? this.addressBytes() : size;
    return names[bytes === 2 ? 0 : bytes === 4 ? 1 : 2];
  }

  /** XCHG with the accumulator itself. */
  private isNop(): boolean {
    return this.opcode === 0x90 && this.row.encoding.registerInOpcode && (this.rex & 1) === 0;
  }

  private operandBytes(): number {
    if (this.rex & 8) return 8;
    if (this.bits === 64) {
      if (this.row.wideByDefault) return this.operandSizePrefix ? 2 : 8;
      return this.operandSizePrefix ? 2 : 4;
    }
    return (this.bits === 16) === this.operandSizePrefix ? 4 : 2;
  }

  private addressBytes(): number {
    if (this.bits === 64) return this.addressSizePrefix ? 4 : 8;
    return (this.bits === 16) === this.addressSizePrefix ? 4 : 2;
  }

  /** Width in bytes that the size letters of an operand stand for (SDM vol. 2, A.2.2). */
  private widthOf(letters: string): number {
    switch (letters) {
      case 'b':
        return 1;
      case 'w':
        return 2;
      case 'd':
        return 4;
      case 'q':
        return 8;
      case 'dq':
        return 16;
      case 'y':
        return this.operandBytes() === 2 ? 4 : this.rex & 8 || (this.bits === 64 && this.isControlMove()) ? 8 : 4;
      case 'z':
        return Math.min(4, this.operandBytes());
      case 'p':
        return this.operandBytes() + 2;
      default:
        return this.operandBytes();
    }
  }

  private isControlMove(): boolean {
    return this.row.operands.some((operand) => operand === 'Cy' || operand === 'Dy');
  }

  private operand(letters: string): string {
    const [kind, size] = [letters[0]!, letters.slice(1)];
    const reg = (this.modrm >> 3) & 7;
    const rexR = this.rex & 4 ? 8 : 0;
    switch (/^[A-Z][a-z]*$/.test(letters) ? kind : '') {
      case 'E':
      case 'M':
      case 'R':
        return this.rm(
          (number) => generalRegister(number, this.widthOf(size), this.rex !== 0),
          this.memoryWidth(kind, size),
        );
      case 'W':
      case 'U':
        return this.rm((number) => `xmm${number}`, this.row.memoryBytes);
      case 'Q':
      case 'N':
        return this.rm((number) => `mm${number & 7}`, this.row.memoryBytes);
      case 'G':
        return generalRegister(reg | rexR, this.widthOf(size), this.rex !== 0);
      case 'V':
        return `xmm${reg | rexR}`;
      case 'P':
        return `mm${reg}`;
      case 'S':
        return SEGMENTS[reg]!;
      case 'C':
        return `cr${reg | rexR}`;
      case 'D':
        return `db${reg | rexR}`;
      case 'Z':
        return generalRegister((this.opcode & 7) | (this.rex & 1 ? 8 : 0), this.widthOf(size), this.rex !== 0);
      case 'I':
        return this.immediate(size);
      case 'J':
        return this.branchTarget(size);
      case 'O':
        return `${this.segmentText('ds')}${hex(BigInt.asUintN(64, this.reader.signed(this.addressBytes())))}`;
      case 'A':
        return this.farPointer();
      case 'X':
        return `${sizeKeyword(this.widthOf(size))}${SEGMENTS[this.segment ?? 3]}:[${generalRegister(6, this.addressBytes(), true)}]`;
      case 'Y':
        return `${sizeKeyword(this.widthOf(size))}es:[${generalRegister(7, this.addressBytes(), true)}]`;
      default:
        return this.fixedOperand(letters);
    }
  }

  private fixedOperand(letters: string): string {
    if (letters === 'rAX') return generalRegister(0, this.operandBytes(), true);
    if (letters === 'eAX') return generalRegister(0, Math.min(4, this.operandBytes()), true);
    return letters.replace(/STi|ST\(i\)/, `st(${this.modrm & 7})`).toLowerCase();
  }

  private memoryWidth(kind: string, size: string): number | undefined {
    if (size !== '') return this.widthOf(size);
    return kind === 'M' ? this.row.memoryBytes || undefined : this.operandBytes();
  }

  private rm(register: (number: number) => string, bytes: number | undefined): string {
    if (this.memory === undefined) return register((this.modrm & 7) | (this.rex & 1 ? 8 : 0));
    return `${sizeKeyword(bytes)}${this.memory}`;
  }

  private immediate(size: string): string {
    const bytes = size === 'v' ? this.operandBytes() : this.widthOf(size === 'z' ? 'z' : size);
    const value = this.reader.signed(bytes);
    const shown = size === 'b' && !this.signExtendsByte() ? 1 : size === 'w' ? 2 : this.operandBytes();
    return hex(BigInt.asUintN(shown * 8, value));
  }

  /** Imm8 of `Ev,Ib` arithmetic, PUSH and IMUL is widened to the operand; of shifts and all else it is a byte. */
  private signExtendsByte(): boolean {
    const { map } = this.row.encoding;
    return map === 0 && [0x83, 0x6a, 0x6b].includes(this.opcode);
  }

  private branchTarget(size: string): string {
    const displacement = this.reader.signed(size === 'b' ? 1 : this.bits === 64 ? 4 : this.widthOf('z'));
    const target = this.address + BigInt(this.reader.position) + displacement;
    const bytes = this.bits === 64 ? 8 : this.operandBytes();
    return hex(BigInt.asUintN(bytes * 8, target));
  }

  private farPointer(): string {
    const offset = BigInt.asUintN(this.operandBytes() * 8, this.reader.signed(this.operandBytes()));
    const selector = BigInt.asUintN(16, this.reader.signed(2));
    return `${hex(selector)}:${hex(offset)}`;
  }

  private segmentText(otherwise: string): string {
    if (this.segment !== undefined && (this.bits !== 64 || this.segment >= 4)) return `${SEGMENTS[this.segment]}:`;
    return otherwise === '' ? '' : `${otherwise}:`;
  }

  /** SDM vol. 2, table 2-1. */
  private address16(): string {
    const bases = ['bx+si', 'bx+di', 'bp+si', 'bp+di', 'si', 'di', 'bp', 'bx'];
    const mod = this.modrm >> 6;
    if (mod === 0 && (this.modrm & 7) === 6)
      return `${this.segmentText('ds')}${hex(BigInt.asUintN(16, this.reader.signed(2)))}`;
    const displacement = mod === 0 ? 0n : this.reader.signed(mod);
    return `${this.segmentText('')}[${bases[this.modrm & 7]}${signedHex(displacement)}]`;
  }

  /** SDM vol. 2, tables 2-2 and 2-3. */
  private address32or64(): string {
    const mod = this.modrm >> 6;
    const rm = this.modrm & 7;
    const width = this.addressBytes();
    const terms: string[] = [];
    let base = rm;
    if (rm === 4) {
      const sib = this.reader.byte();
      base = sib & 7;
      const index = ((sib >> 3) & 7) | (this.rex & 2 ? 8 : 0);
      if (base !== 5 || mod !== 0) terms.push(generalRegister(base | (this.rex & 1 ? 8 : 0), width, true));
      if (index !== 4) terms.push(`${generalRegister(index, width, true)}*${1 << (sib >> 6)}`);
    } else if (rm === 5 && mod === 0) {
      if (this.bits === 64) terms.push(width === 8 ? 'rip' : 'eip');
    } else terms.push(generalRegister(rm | (this.rex & 1 ? 8 : 0), width, true));
    const displaced = mod === 0 && base === 5;
    const displacement = displaced || mod === 2 ? this.reader.signed(4) : mod === 1 ? this.reader.signed(1) : 0n;
    if (terms.length === 0) return `${this.segmentText('ds')}${hex(BigInt.asUintN(width * 8, displacement))}`;
    return `${this.segmentText('')}[${terms.join('+')}${displaced || mod !== 0 ? signedHex(displacement) : ''}]`;
  }
}

function isPrefix(byte: number): boolean {
  return byte in SEGMENT_PREFIXES || [0x66, 0x67, 0xf0, 0xf2, 0xf3].includes(byte) || (byte & 0xf0) === 0x40;
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function signedHex(value: bigint): string {
  return value < 0n ? `-${hex(-value)}` : `+${hex(value)}`;
}
