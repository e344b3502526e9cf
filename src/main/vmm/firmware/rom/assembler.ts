/** Registers in encoding order (SDM vol. 2, table 2-1 and 2-2). */
const BYTE_REGISTERS = ['al', 'cl', 'dl', 'bl', 'ah', 'ch', 'dh', 'bh'] as const;
const WORD_REGISTERS = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'] as const;
const SEGMENTS = ['es', 'cs', 'ss', 'ds'] as const;
const CONDITIONS = { c: 0x72, nc: 0x73, z: 0x74, nz: 0x75 } as const;

export type ByteRegister = (typeof BYTE_REGISTERS)[number];
export type WordRegister = (typeof WORD_REGISTERS)[number];
export type SegmentRegister = (typeof SEGMENTS)[number];
export type Condition = keyof typeof CONDITIONS;

interface Fixup {
  readonly at: number;
  readonly label: string;
  /** `relative8` counts from the following byte; `offset16` is the label's offset plus `addend`. */
  readonly kind: 'relative8' | 'offset16' | 'linear32';
}

/**
 * Assembles the few 16-bit instructions the ROM's stubs need into one 64 KiB segment. Everything with logic in it is
 * TypeScript behind a trap, so this stays a list of encodings rather than a language.
 */
export class Assembler {
  private readonly labels = new Map<string, number>();
  private readonly fixups: Fixup[] = [];
  private position = 0;

  /** @param image the segment's bytes @param linearBase where it will be mapped, for absolute 32-bit references */
  constructor(
    readonly image: Uint8Array,
    private readonly linearBase: number,
  ) {}

  get here(): number {
    return this.position;
  }

  org(offset: number): this {
    if (offset < this.position) throw new RangeError(`ROM overlaps itself at ${offset.toString(16)}h`);
    this.position = offset;
    return this;
  }

  align(boundary: number): this {
    return this.org(Math.ceil(this.position / boundary) * boundary);
  }

  label(name: string): this {
    if (this.labels.has(name)) throw new Error(`label ${name} is defined twice`);
    this.labels.set(name, this.position);
    return this;
  }

  /** Offset of a label in the segment. */
  offsetOf(name: string): number {
    const offset = this.labels.get(name);
    if (offset === undefined) throw new Error(`label ${name} is not defined`);
    return offset;
  }

  db(...bytes: readonly number[]): this {
    if (this.position + bytes.length > this.image.length) throw new RangeError('ROM segment is full');
    this.image.set(bytes, this.position);
    this.position += bytes.length;
    return this;
  }

  data(bytes: Uint8Array): this {
    return this.db(...bytes);
  }

  dw(...words: readonly number[]): this {
    for (const word of words) this.db(word & 0xff, (word >>> 8) & 0xff);
    return this;
  }

  dd(...values: readonly number[]): this {
    for (const value of values) this.dw(value & 0xffff, value >>> 16);
    return this;
  }

  text(characters: string): this {
    return this.db(...Array.from(characters, (c) => c.charCodeAt(0)));
  }

  dwLabel(name: string): this {
    return this.fixup(name, 'offset16');
  }

  ddLabel(name: string): this {
    return this.fixup(name, 'linear32');
  }

  moveByte(register: ByteRegister, value: number): this {
    return this.db(0xb0 + BYTE_REGISTERS.indexOf(register), value);
  }

  moveWord(register: WordRegister, value: number): this {
    return this.db(0xb8 + WORD_REGISTERS.indexOf(register)).dw(value);
  }

  moveSegment(segment: SegmentRegister, from: WordRegister): this {
    return this.db(0x8e, 0xc0 | (SEGMENTS.indexOf(segment) << 3) | WORD_REGISTERS.indexOf(from));
  }

  clear(register: WordRegister): this {
    const index = WORD_REGISTERS.indexOf(register);
    return this.db(0x31, 0xc0 | (index << 3) | index);
  }

  push(register: WordRegister | SegmentRegister): this {
    const segment = SEGMENTS.indexOf(register as SegmentRegister);
    if (segment >= 0) return this.db(0x06 | (segment << 3));
    return this.db(0x50 + WORD_REGISTERS.indexOf(register as WordRegister));
  }

  pop(register: WordRegister | SegmentRegister): this {
    const segment = SEGMENTS.indexOf(register as SegmentRegister);
    if (segment >= 0) return this.db(0x07 | (segment << 3));
    return this.db(0x58 + WORD_REGISTERS.indexOf(register as WordRegister));
  }

  pushAll = (): this => this.db(0x60);
  popAll = (): this => this.db(0x61);
  interruptReturn = (): this => this.db(0xcf);
  farReturn = (): this => this.db(0xcb);
  enableInterrupts = (): this => this.db(0xfb);
  disableInterrupts = (): this => this.db(0xfa);
  clearDirection = (): this => this.db(0xfc);
  setCarry = (): this => this.db(0xf9);
  halt = (): this => this.db(0xf4);
  nop = (): this => this.db(0x90);

  interrupt(vector: number): this {
    return this.db(0xcd, vector);
  }

  /** IN AL, imm8. */
  inByte(port: number): this {
    return this.db(0xe4, port);
  }

  /** OUT imm8, AL. */
  outByte(port: number): this {
    return this.db(0xe6, port);
  }

  jump(name: string): this {
    return this.db(0xeb).fixup(name, 'relative8');
  }

  jumpIf(condition: Condition, name: string): this {
    return this.db(CONDITIONS[condition]).fixup(name, 'relative8');
  }

  jumpFar(segment: number, name: string): this {
    return this.db(0xea).fixup(name, 'offset16').dw(segment);
  }

  /** Resolves every reference. Call once, after the last label. */
  finish(): void {
    for (const { at, label, kind } of this.fixups) this.resolve(at, this.offsetOf(label), kind, label);
  }

  private fixup(label: string, kind: Fixup['kind']): this {
    this.fixups.push({ at: this.position, label, kind });
    return this.db(...new Array<number>({ relative8: 1, offset16: 2, linear32: 4 }[kind]).fill(0));
  }

  private resolve(at: number, target: number, kind: Fixup['kind'], label: string): void {
    const view = new DataView(this.image.buffer, this.image.byteOffset);
    if (kind === 'offset16') return view.setUint16(at, target, true);
    if (kind === 'linear32') return view.setUint32(at, this.linearBase + target, true);
    const distance = target - (at + 1);
    if (distance < -128 || distance > 127) throw new RangeError(`short jump to ${label} is out of reach`);
    view.setInt8(at, distance);
  }
}
