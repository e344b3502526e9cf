/**
 * The display-state block: what the adapter shows scan-out, in the machine's shared memory. The adapter keeps every
 * register that decides what is on the screen right here, so nothing has to be published; a sequence lock lets the
 * reader on the other thread notice that it copied while a register changed.
 *
 * Offsets in bytes from the start of the block; little endian.
 */
const SEQUENCE = 0;
const WINDOW_WRITES = 4;
const MISC = 16;
const SEQUENCER = 24;
const CRTC = 32;
const GRAPHICS = 64;
const ATTRIBUTE = 80;
const DISPI = 112;
const DAC = 256;
export const DISPLAY_STATE_BYTES = 1024;

/** Indices into {@link DisplayRegisters.general}. */
export const General = {
  /** Miscellaneous output register. */
  misc: 0,
  /** Attribute index bit 5, palette address source: 0 blanks the screen. */
  videoEnable: 1,
  pelMask: 2,
} as const;

/** Typed views of a display-state block: the live one (adapter) or a private copy (scan-out). */
export class DisplayRegisters {
  readonly general: Uint8Array;
  readonly sequencer: Uint8Array;
  readonly crtc: Uint8Array;
  readonly graphics: Uint8Array;
  readonly attribute: Uint8Array;
  readonly dispi: Uint16Array;
  /** 256 × red, green, blue, as the guest wrote them (6 or 8 bits). */
  readonly dac: Uint8Array;

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.general = new Uint8Array(buffer, offset + MISC, 8);
    this.sequencer = new Uint8Array(buffer, offset + SEQUENCER, 8);
    this.crtc = new Uint8Array(buffer, offset + CRTC, 32);
    this.graphics = new Uint8Array(buffer, offset + GRAPHICS, 16);
    this.attribute = new Uint8Array(buffer, offset + ATTRIBUTE, 32);
    this.dispi = new Uint16Array(buffer, offset + DISPI, 16);
    this.dac = new Uint8Array(buffer, offset + DAC, 768);
  }
}

/** The adapter's side of the block. Every change of a register happens between {@link begin} and {@link end}. */
export class DisplayStateWriter {
  readonly registers: DisplayRegisters;
  private readonly words: Int32Array;

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.registers = new DisplayRegisters(buffer, offset);
    this.words = new Int32Array(buffer, offset, 2);
  }

  begin(): void {
    Atomics.add(this.words, SEQUENCE >> 2, 1);
  }

  end(): void {
    Atomics.add(this.words, SEQUENCE >> 2, 1);
  }

  /** The guest wrote video memory through the VGA window. */
  windowWritten(): void {
    this.words[WINDOW_WRITES >> 2]!++;
  }
}

/** How often a torn copy is retried before the previous one is kept for one more frame. */
const READ_ATTEMPTS = 8;

/** Scan-out's side: a private, untorn copy of the registers. */
export class DisplayStateReader {
  readonly registers: DisplayRegisters;
  private readonly words: Int32Array;
  private readonly live: Uint8Array;
  private readonly scratch = new Uint8Array(DISPLAY_STATE_BYTES);
  private readonly copy = new Uint8Array(DISPLAY_STATE_BYTES);
  private sequence = -1;
  private windowWrites = -1;

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.words = new Int32Array(buffer, offset, 2);
    this.live = new Uint8Array(buffer, offset, DISPLAY_STATE_BYTES);
    this.registers = new DisplayRegisters(this.copy.buffer, 0);
  }

  /** Refreshes the copy. @returns whether a register may have changed since the last refresh */
  refresh(): boolean {
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
      const before = Atomics.load(this.words, SEQUENCE >> 2);
      if (before === this.sequence) return false;
      if (before & 1) continue;
      this.scratch.set(this.live);
      if (Atomics.load(this.words, SEQUENCE >> 2) !== before) continue;
      this.copy.set(this.scratch);
      this.sequence = before;
      return true;
    }
    return false;
  }

  /** Whether the guest wrote through the VGA window since the last call. */
  takeWindowWrites(): boolean {
    const now = Atomics.load(this.words, WINDOW_WRITES >> 2);
    if (now === this.windowWrites) return false;
    this.windowWrites = now;
    return true;
  }
}
