import { ByteReader, MAX_INSTRUCTION_BYTES } from '../../disassembler/byte-reader.js';
import { findInstruction, type IndexedInstruction } from '../../disassembler/instruction-index.js';
import { operandSize } from '../../core/opcodes/operands.js';
import type { Decoded, MemoryOperand, OperandBytes } from './decoded.js';

/** Code that regions are made of: 64-bit, and 32-bit with flat segments. */
export type RegionMode = 'long' | 'flat32';

export const CS = 1;
export const SS = 2;
export const DS = 3;
export const FS = 4;

/**
 * Decodes the instruction at an offset of a page.
 * @returns `undefined` if it is none, is not in the table, or goes beyond the page
 */
export function decodeAt(page: Uint8Array, offset: number, mode: RegionMode): Decoded | undefined {
  try {
    return new Decoder(page.subarray(offset, offset + MAX_INSTRUCTION_BYTES), offset, mode).decode();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

class Decoder {
  private readonly reader: ByteReader;
  private readonly long: boolean;
  private rex = 0;
  private repeat = 0;
  private lock = false;
  private operandSizePrefix = false;
  private addressSizePrefix = false;
  private segmentOverride: number | undefined;
  private opcode = 0;
  private modrm = 0;
  private memory: MemoryOperand | undefined;

  constructor(
    bytes: Uint8Array,
    private readonly offset: number,
    mode: RegionMode,
  ) {
    this.reader = new ByteReader(bytes);
    this.long = mode === 'long';
  }

  decode(): Decoded | undefined {
    this.readPrefixes();
    const map = this.readOpcode();
    const found = findInstruction(map, this.opcode, {
      bits: this.long ? 64 : 32,
      operandSizePrefix: this.operandSizePrefix,
      repeat: this.repeat,
      rexW: (this.rex & 8) !== 0,
      modrm: this.reader.peek(),
    });
    if (!found) return undefined;
    const operandBytes = this.operandBytes(found);
    const registersOnly = found.operands.some((operand) => /^[CD]y$/.test(operand));
    if (found.encoding.modrm) this.readModrm(registersOnly);
    const wide = this.readWide(found, operandBytes);
    const immediate = wide === undefined ? this.immediate(found, operandBytes) : 0;
    const length = this.reader.position;
    return {
      long: this.long,
      offset: this.offset,
      length,
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
      segment: this.segmentOverride ?? DS,
      immediate,
      wideImmediate: wide ?? 0n,
    };
  }

  private readPrefixes(): void {
    for (;;) {
      const byte = this.reader.peek();
      if (byte === undefined) throw new RangeError('only prefixes');
      if (this.long && (byte & 0xf0) === 0x40) this.rex = byte;
      else if (this.isPrefix(byte)) this.rex = 0;
      else return;
      this.reader.byte();
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
    this.opcode = this.reader.byte();
    if (this.opcode !== 0x0f) return 0;
    this.opcode = this.reader.byte();
    if (this.opcode !== 0x38 && this.opcode !== 0x3a) return 1;
    const map = this.opcode === 0x38 ? 2 : 3;
    this.opcode = this.reader.byte();
    return map;
  }

  private operandBytes({ row }: IndexedInstruction): OperandBytes {
    const wide = (this.rex & 8) !== 0;
    if (row.family !== 'integer') return wide ? 8 : 4;
    const size = operandSize(row);
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
    this.modrm = this.reader.byte();
    if (this.modrm >= 0xc0 || registersOnly) return;
    if (this.addressBytes() === 2) throw new RangeError('16-bit addresses stay with the interpreter');
    this.memory = this.readMemory();
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
      const sib = this.reader.byte();
      scale = sib >> 6;
      const number = ((sib >> 3) & 7) | ((this.rex & 2) << 2);
      index = number === 4 ? undefined : number;
      base = (sib & 7) | extension;
    }
    let displacement = 0;
    if ((base & 7) === 5 && mod === 0) {
      pageRelative = this.long && rm === 5;
      base = undefined;
      displacement = this.signed(4);
    } else if (mod === 1) displacement = this.signed(1);
    else if (mod === 2) displacement = this.signed(4);
    // R12 and R13 as bases use DS as any other register.
    const segment = this.segmentOverride ?? (base === 4 || base === 5 ? SS : DS);
    return { base, index, scale, displacement, pageRelative, segment };
  }

  /** RIP-relative displacements count from the next instruction. */
  private relocated(length: number): MemoryOperand | undefined {
    const { memory } = this;
    if (!memory?.pageRelative) return memory;
    return { ...memory, displacement: memory.displacement + this.offset + length };
  }

  /** Immediates and offsets of 64 bits. */
  private readWide({ operands }: IndexedInstruction, operandBytes: number): bigint | undefined {
    const offset = operands.some((operand) => operand[0] === 'O');
    if (offset && this.addressBytes() === 8) return this.reader.signed(8);
    return operandBytes === 8 && operands.includes('Iv') ? this.reader.signed(8) : undefined;
  }

  private immediate({ operands }: IndexedInstruction, operandBytes: number): number {
    const z = operandBytes === 2 ? 2 : 4;
    let value = 0;
    for (const operand of operands) {
      if (operand === 'Ib' || operand === 'Jb') value = this.signed(1);
      else if (operand === 'Iw') value = this.signed(2);
      else if (operand === 'Iz' || operand === 'Jz' || operand === 'Iv') value = this.signed(z);
      else if (operand === 'Ap') value = this.signed(z) + this.signed(2) * 0;
      else if (operand[0] === 'O') {
        if (this.addressBytes() === 2) throw new RangeError('16-bit addresses stay with the interpreter');
        value = this.signed(this.addressBytes());
        this.memory = {
          base: undefined,
          index: undefined,
          scale: 0,
          displacement: value,
          pageRelative: false,
          segment: this.segmentOverride ?? DS,
        };
      }
    }
    return value;
  }

  private signed(bytes: 1 | 2 | 4 | 8): number {
    return Number(this.reader.signed(bytes));
  }
}
