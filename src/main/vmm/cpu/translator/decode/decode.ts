import { findInstruction } from '../../disassembler/instruction-index.js';
import { MAX_INSTRUCTION_BYTES } from '../../disassembler/byte-reader.js';
import type { Decoded, MemoryOperand, OperandBytes } from './decoded.js';
import { shapeOf, type Shape } from './shape.js';

/** Code that regions are made of: 64-bit, and 32-bit with flat segments. */
export type RegionMode = 'long' | 'flat32';

export const CS = 1;
export const SS = 2;
export const DS = 3;
export const FS = 4;

const PAGE_BYTES = 4096;

/** Decodes the instructions that begin in one page. */
export class PageDecoder {
  private readonly long: boolean;
  private offset = 0;
  private at = 0;
  private end = 0;
  private rex = 0;
  private repeat = 0;
  private lock = false;
  private operandSizePrefix = false;
  private addressSizePrefix = false;
  private segmentOverride = -1;
  private opcode = 0;
  private modrm = 0;
  private memory: MemoryOperand | undefined;
  private wideImmediate = 0n;
  private failed = false;

  /** @param page its bytes, and those behind it as far as they are known */
  constructor(
    private readonly page: Uint8Array,
    mode: RegionMode,
  ) {
    this.long = mode === 'long';
  }

  /** The instruction at an offset; `undefined` if it is none, goes beyond what is known, or has 16-bit addresses. */
  decode(offset: number): Decoded | undefined {
    this.begin(offset);
    this.readPrefixes();
    const map = this.readOpcode();
    if (this.failed) return undefined;
    const found = findInstruction(map, this.opcode, {
      bits: this.long ? 64 : 32,
      operandSizePrefix: this.operandSizePrefix,
      repeat: this.repeat,
      rexW: (this.rex & 8) !== 0,
      modrm: this.at < this.end ? this.page[this.at] : undefined,
    });
    if (!found) return undefined;
    const shape = shapeOf(found);
    const operandBytes = this.operandBytes(shape);
    if (found.encoding.modrm) this.readModrm(shape.registersOnly);
    const immediate = this.readImmediate(shape, operandBytes);
    const length = this.at - offset;
    if (this.failed) return undefined;
    return {
      long: this.long,
      offset,
      length,
      crosses: this.at > PAGE_BYTES,
      row: found.row,
      operands: found.operands,
      operandBytes,
      addressBytes: this.addressBytes(),
      rex: this.rex,
      opcode: this.opcode,
      modrm: this.modrm,
      memory: this.relocated(length),
      lock: this.lock,
      repeat: this.repeat,
      segment: this.segmentOverride < 0 ? DS : this.segmentOverride,
      immediate,
      wideImmediate: this.wideImmediate,
      lowering: undefined,
    };
  }

  private begin(offset: number): void {
    this.offset = this.at = offset;
    this.end = Math.min(offset + MAX_INSTRUCTION_BYTES, this.page.length);
    this.rex = this.repeat = this.modrm = 0;
    this.lock = this.operandSizePrefix = this.addressSizePrefix = this.failed = false;
    this.segmentOverride = -1;
    this.memory = undefined;
    this.wideImmediate = 0n;
  }

  private byte(): number {
    if (this.at < this.end) return this.page[this.at++]!;
    this.failed = true;
    return 0;
  }

  private signed8(): number {
    return (this.byte() << 24) >> 24;
  }

  private signed16(): number {
    const low = this.byte();
    return low | (this.signed8() << 8);
  }

  private signed32(): number {
    const low = this.signed16() & 0xffff;
    return low | (this.signed16() << 16);
  }

  private readPrefixes(): void {
    while (this.at < this.end) {
      const byte = this.page[this.at]!;
      if (this.long && (byte & 0xf0) === 0x40) this.rex = byte;
      else if (this.isPrefix(byte)) this.rex = 0;
      else return;
      this.at++;
    }
  }

  /** Takes a legacy prefix. */
  private isPrefix(byte: number): boolean {
    if (byte === 0x66) this.operandSizePrefix = true;
    else if (byte === 0x67) this.addressSizePrefix = true;
    else if (byte === 0xf0) this.lock = true;
    else if (byte === 0xf2 || byte === 0xf3) this.repeat = byte;
    else if ((byte & 0xe7) === 0x26) {
      if (!this.long) this.segmentOverride = (byte >> 3) & 3;
    } else if (byte === 0x64 || byte === 0x65) this.segmentOverride = FS + (byte & 1);
    else return false;
    return true;
  }

  private readOpcode(): number {
    this.opcode = this.byte();
    if (this.opcode !== 0x0f) return 0;
    this.opcode = this.byte();
    if (this.opcode !== 0x38 && this.opcode !== 0x3a) return 1;
    const map = this.opcode === 0x38 ? 2 : 3;
    this.opcode = this.byte();
    return map;
  }

  private operandBytes({ size }: Shape): OperandBytes {
    const wide = (this.rex & 8) !== 0;
    if (size === 'byte') return 1;
    if (size === 'y') return wide ? 8 : 4;
    if (wide || (this.long && size === 'always64')) return 8;
    if (this.operandSizePrefix) return 2;
    return this.long && size === 'default64' ? 8 : 4;
  }

  private addressBytes(): 2 | 4 | 8 {
    if (this.long) return this.addressSizePrefix ? 4 : 8;
    return this.addressSizePrefix ? 2 : 4;
  }

  private readModrm(registersOnly: boolean): void {
    this.modrm = this.byte();
    if (this.modrm >= 0xc0 || registersOnly) return;
    if (this.addressBytes() === 2) this.failed = true;
    else this.memory = this.readMemory();
  }

  private readMemory(): MemoryOperand {
    const mod = this.modrm >> 6;
    const rm = this.modrm & 7;
    const extension = (this.rex & 1) << 3;
    let base: number | undefined = rm | extension;
    let index: number | undefined;
    let scale = 0;
    let pageRelative = false;
    if (rm === 4) {
      const sib = this.byte();
      scale = sib >> 6;
      const number = ((sib >> 3) & 7) | ((this.rex & 2) << 2);
      index = number === 4 ? undefined : number;
      base = (sib & 7) | extension;
    }
    let displacement = 0;
    if ((base & 7) === 5 && mod === 0) {
      pageRelative = this.long && rm === 5;
      base = undefined;
      displacement = this.signed32();
    } else if (mod === 1) displacement = this.signed8();
    else if (mod === 2) displacement = this.signed32();
    // R12 and R13 as bases use DS as any other register.
    const natural = base === 4 || base === 5 ? SS : DS;
    const segment = this.segmentOverride < 0 ? natural : this.segmentOverride;
    return { base, index, scale, displacement, pageRelative, segment };
  }

  /** RIP-relative displacements count from the next instruction. */
  private relocated(length: number): MemoryOperand | undefined {
    const { memory } = this;
    if (!memory?.pageRelative) return memory;
    return { ...memory, displacement: memory.displacement + this.offset + length };
  }

  private readImmediate({ immediate }: Shape, operandBytes: number): number {
    switch (immediate) {
      case 'none':
        return 0;
      case 'byte':
        return this.signed8();
      case 'word':
        return this.signed16();
      case 'z':
        return operandBytes === 2 ? this.signed16() : this.signed32();
      case 'v':
        return operandBytes === 8 ? this.readWide() : operandBytes === 2 ? this.signed16() : this.signed32();
      case 'offset':
        return this.readOffset();
      case 'other':
        // Far pointers, ENTER: the interpreter's.
        this.failed = true;
        return 0;
    }
  }

  private readWide(): number {
    const low = this.signed32() >>> 0;
    this.wideImmediate = (BigInt(this.signed32()) << 32n) | BigInt(low);
    return 0;
  }

  private readOffset(): number {
    if (this.addressBytes() === 8) return this.readWide();
    if (this.addressBytes() === 2) this.failed = true;
    const displacement = this.signed32();
    const segment = this.segmentOverride < 0 ? DS : this.segmentOverride;
    this.memory = { base: undefined, index: undefined, scale: 0, displacement, pageRelative: false, segment };
    return displacement;
  }
}
