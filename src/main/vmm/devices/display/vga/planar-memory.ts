import type { DisplayRegisters, DisplayStateWriter } from '../display-state.js';
import { General } from '../display-state.js';
import { Gfx, GfxMisc, GfxMode, MemoryMode, Misc, Seq } from './registers.js';

/** One bit a plane → all bits of that plane's byte in a 32-bit latch word (plane 0 in the low byte). */
const PLANE_BITS = Int32Array.from({ length: 16 }, (_, planes) =>
  [0, 1, 2, 3].reduce((word, plane) => word | (planes & (1 << plane) ? 0xff << (plane * 8) : 0), 0),
);

const PLANE_OFFSET_MASK = 0xffff;
/** The four 64 KiB planes. */
export const PLANAR_BYTES = 0x4_0000;

/** The part of A0000h–BFFFFh each memory-map select decodes: offset from A0000h and size. */
const WINDOWS = [
  { start: 0, size: 0x2_0000 },
  { start: 0, size: 0x1_0000 },
  { start: 0x1_0000, size: 0x8000 },
  { start: 0x1_8000, size: 0x8000 },
] as const;

/**
 * The graphics controller's data path between the CPU and the four planes: latches, write modes 0–3, read modes 0–1,
 * odd/even and chain-4 addressing.
 *
 * The planes lie interleaved in video memory: byte 4 × offset + plane. Chain-4 address A reaches plane A & 3 at offset
 * A >> 2, as super-VGA chips do (the IBM part uses A & ~3), which makes 256-colour memory linear; scan-out's double-word
 * mode matches it.
 */
export class PlanarMemory {
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly registers: DisplayRegisters;
  private latch = 0;

  private windowStart = 0;
  private windowSize = 0;
  private addressMask = 0xffff;
  private chain4 = false;
  private oddEvenWrite = false;
  private oddEvenRead = false;
  private chainOddEven = false;
  private page = 0;
  private planeMask = 0;
  private writeMode = 0;
  private readMode1 = false;
  private readPlane = 0;
  /** Write mode 0 with nothing but the byte itself: the common case of chain-4 and text. */
  private plainWrite = false;

  /** @param offset host offset of video memory; at least {@link PLANAR_BYTES} long */
  constructor(
    buffer: ArrayBufferLike,
    offset: number,
    private readonly state: DisplayStateWriter,
  ) {
    this.bytes = new Uint8Array(buffer, offset, PLANAR_BYTES);
    this.words = new Int32Array(buffer, offset, PLANAR_BYTES / 4);
    this.registers = state.registers;
  }

  get latchWord(): number {
    return this.latch;
  }

  set latchWord(word: number) {
    this.latch = word | 0;
  }

  /** Recomputes what is derived from sequencer, graphics controller and miscellaneous output registers. */
  update(): void {
    const { graphics, sequencer, general } = this.registers;
    const misc = general[General.misc]!;
    const gfxMisc = graphics[Gfx.misc]!;
    const gfxMode = graphics[Gfx.mode]!;
    const memoryMode = sequencer[Seq.memoryMode]!;
    const window = WINDOWS[(gfxMisc & GfxMisc.memoryMap) >> 2]!;
    this.windowStart = window.start;
    this.windowSize = misc & Misc.enableRam ? window.size : 0;
    this.addressMask = memoryMode & MemoryMode.extended ? PLANE_OFFSET_MASK : 0x3fff;
    this.chain4 = (memoryMode & MemoryMode.chain4) !== 0;
    this.oddEvenWrite = (memoryMode & MemoryMode.oddEvenOff) === 0;
    this.oddEvenRead = (gfxMode & GfxMode.oddEven) !== 0;
    this.chainOddEven = (gfxMisc & GfxMisc.chainOddEven) !== 0;
    this.page = misc & Misc.oddEvenPage ? 0 : 1;
    this.planeMask = sequencer[Seq.mapMask]!;
    this.writeMode = gfxMode & GfxMode.writeMode;
    this.readMode1 = (gfxMode & GfxMode.readMode1) !== 0;
    this.readPlane = graphics[Gfx.readMap]!;
    this.plainWrite =
      this.writeMode === 0 &&
      graphics[Gfx.dataRotate] === 0 &&
      graphics[Gfx.enableSetReset] === 0 &&
      graphics[Gfx.bitMask] === 0xff;
  }

  /** @param address offset from A0000h */
  readByte(address: number): number {
    const a = address - this.windowStart;
    if (a < 0 || a >= this.windowSize) return 0xff;
    const offset = this.chain4 ? (a >>> 2) & PLANE_OFFSET_MASK : this.planeOffset(a);
    const latch = (this.latch = this.words[offset]!);
    if (this.readMode1) return this.colorCompare(latch);
    return (latch >>> (this.selectReadPlane(a) * 8)) & 0xff;
  }

  /** @param address offset from A0000h */
  writeByte(address: number, value: number): void {
    const a = address - this.windowStart;
    if (a < 0 || a >= this.windowSize) return;
    this.state.windowWritten();
    if (this.chain4) {
      const plane = 1 << (a & 3);
      if (!(this.planeMask & plane)) return;
      if (this.plainWrite) this.bytes[a & (PLANAR_BYTES - 1)] = value;
      else this.writePlanes((a >>> 2) & PLANE_OFFSET_MASK, plane, value);
      return;
    }
    const parity = a & 1 ? 0b1010 : 0b0101;
    this.writePlanes(this.planeOffset(a), this.oddEvenWrite ? this.planeMask & parity : this.planeMask, value);
  }

  private planeOffset(a: number): number {
    if (!this.chainOddEven) return a & this.addressMask;
    // A0 chooses the plane; the 128 KiB window puts A16 in its place, the others the page-select bit.
    const low = this.windowSize === 0x2_0000 ? (a >>> 16) & 1 : this.page;
    return ((a & ~1) | low) & this.addressMask;
  }

  private selectReadPlane(a: number): number {
    if (this.chain4) return a & 3;
    return this.oddEvenRead ? (this.readPlane & 2) | (a & 1) : this.readPlane;
  }

  private colorCompare(latch: number): number {
    const { graphics } = this.registers;
    const care = PLANE_BITS[graphics[Gfx.colorDontCare]!]!;
    let differs = (latch ^ PLANE_BITS[graphics[Gfx.colorCompare]!]!) & care;
    differs |= differs >>> 16;
    differs |= differs >>> 8;
    return ~differs & 0xff;
  }

  private writePlanes(offset: number, planes: number, value: number): void {
    const mask = PLANE_BITS[planes]!;
    const data = this.plainWrite ? Math.imul(value, 0x0101_0101) : this.combine(value);
    this.words[offset] = (this.words[offset]! & ~mask) | (data & mask);
  }

  /** The word the write mode makes of a CPU byte and the latches. */
  private combine(value: number): number {
    const { graphics } = this.registers;
    if (this.writeMode === 1) return this.latch;
    const rotated = rotateRight(value, graphics[Gfx.dataRotate]! & 7);
    const setReset = PLANE_BITS[graphics[Gfx.setReset]!]!;
    let bitMask = graphics[Gfx.bitMask]!;
    let data: number;
    if (this.writeMode === 0) {
      const enable = PLANE_BITS[graphics[Gfx.enableSetReset]!]!;
      data = (Math.imul(rotated, 0x0101_0101) & ~enable) | (setReset & enable);
    } else if (this.writeMode === 2) {
      data = PLANE_BITS[value & 0x0f]!;
    } else {
      data = setReset;
      bitMask &= rotated;
    }
    const bits = Math.imul(bitMask, 0x0101_0101);
    return (this.logical(data) & bits) | (this.latch & ~bits);
  }

  /** Function select of the data rotate register: data unmodified, AND, OR or XOR with the latches. */
  private logical(data: number): number {
    switch (this.registers.graphics[Gfx.dataRotate]! >> 3) {
      case 1:
        return data & this.latch;
      case 2:
        return data | this.latch;
      case 3:
        return data ^ this.latch;
      default:
        return data;
    }
  }
}

function rotateRight(byte: number, count: number): number {
  return ((byte >>> count) | (byte << (8 - count))) & 0xff;
}
