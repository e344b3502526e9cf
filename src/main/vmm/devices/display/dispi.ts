import { MAX_SCREEN_HEIGHT, MAX_SCREEN_WIDTH } from './display-source.js';
import type { DisplayStateWriter } from './display-state.js';
import { programPlanarDispi } from './vga/planar-dispi.js';
import { PLANAR_BYTES } from './vga/planar-memory.js';

/**
 * Bochs VBE display interface. Source: "VBE Display API" of the Bochs project (vbe_display_api.txt, interface B0C5h).
 */
export const DispiIndex = {
  id: 0,
  xResolution: 1,
  yResolution: 2,
  bitsPerPixel: 3,
  enable: 4,
  bank: 5,
  virtualWidth: 6,
  virtualHeight: 7,
  xOffset: 8,
  yOffset: 9,
  /** Video memory in 64 KiB units, read-only. */
  videoMemory: 10,
} as const;
export const DISPI_REGISTERS = 11;

export const DispiEnable = { enabled: 0x01, getCapabilities: 0x02, dac8: 0x20, linear: 0x40, noClear: 0x80 } as const;
const ENABLE_MASK = 0xe3;

const ID_OLDEST = 0xb0c0;
const ID_NEWEST = 0xb0c5;
const MAX_BITS_PER_PIXEL = 32;
const BANK_BYTES = 0x1_0000;

/** Bits a pixel takes in memory, by the depths the interface knows. */
const STORED_BITS: Readonly<Record<number, number>> = { 4: 4, 8: 8, 15: 16, 16: 16, 24: 24, 32: 32 };

/** Bytes from one row to the next; of four interleaved planes together at 4 bits. */
export function dispiPitch(virtualWidth: number, bitsPerPixel: number): number {
  return (virtualWidth * (STORED_BITS[bitsPerPixel] ?? 8)) >> 3;
}

/**
 * The DISPI registers. Whatever the guest writes, once enabled the visible rectangle lies inside the virtual screen and
 * the virtual screen inside video memory.
 */
export class Dispi {
  private readonly regs: Uint16Array;

  constructor(
    private readonly state: DisplayStateWriter,
    private readonly videoMemory: Uint8Array,
    private readonly onModeChange: () => void,
  ) {
    this.regs = state.registers.dispi;
  }

  get enabled(): boolean {
    return (this.regs[DispiIndex.enable]! & DispiEnable.enabled) !== 0;
  }

  /** Pixels lie one after the other, not in planes. */
  get packed(): boolean {
    return this.regs[DispiIndex.bitsPerPixel] !== 4;
  }

  get dac8(): boolean {
    return (this.regs[DispiIndex.enable]! & DispiEnable.dac8) !== 0;
  }

  /** Offset in video memory of the bank seen at A0000h. */
  get bankOffset(): number {
    return this.regs[DispiIndex.bank]! * BANK_BYTES;
  }

  reset(): void {
    this.regs.fill(0);
    this.regs[DispiIndex.id] = ID_NEWEST;
    this.regs[DispiIndex.xResolution] = 640;
    this.regs[DispiIndex.yResolution] = 480;
    this.regs[DispiIndex.bitsPerPixel] = 8;
  }

  /** Takes saved registers, made legal. To be called inside a change of the state block. */
  restore(saved: readonly number[]): void {
    for (let i = 0; i < DISPI_REGISTERS; i++) this.regs[i] = saved[i] ?? 0;
    if (this.enabled) this.fit();
    if (this.bankOffset + BANK_BYTES > this.videoMemory.length) this.regs[DispiIndex.bank] = 0;
  }

  read(index: number): number {
    if (index === DispiIndex.videoMemory) return this.videoMemory.length >> 16;
    if (this.regs[DispiIndex.enable]! & DispiEnable.getCapabilities) {
      if (index === DispiIndex.xResolution) return MAX_SCREEN_WIDTH;
      if (index === DispiIndex.yResolution) return MAX_SCREEN_HEIGHT;
      if (index === DispiIndex.bitsPerPixel) return MAX_BITS_PER_PIXEL;
    }
    return index < DISPI_REGISTERS ? this.regs[index]! : 0;
  }

  write(index: number, value: number): void {
    if (index >= DISPI_REGISTERS || index === DispiIndex.videoMemory) return;
    const wasEnabled = this.enabled;
    this.state.begin();
    if (index === DispiIndex.id) this.writeId(value);
    else if (index === DispiIndex.enable) this.writeEnable(value);
    else if (index === DispiIndex.bank) this.writeBank(value);
    else this.writeGeometry(index, value);
    if (this.enabled && !this.packed) this.programPlanar();
    this.state.end();
    if (this.enabled && !wasEnabled && !(value & DispiEnable.noClear)) this.clearScreen();
    this.onModeChange();
  }

  private writeId(value: number): void {
    if (value >= ID_OLDEST && value <= ID_NEWEST) this.regs[DispiIndex.id] = value;
  }

  private writeBank(value: number): void {
    if ((value + 1) * BANK_BYTES <= this.videoMemory.length) this.regs[DispiIndex.bank] = value;
  }

  private writeGeometry(index: number, value: number): void {
    this.regs[index] = value;
    if (this.enabled) this.fit();
  }

  private writeEnable(value: number): void {
    const enabling = (value & DispiEnable.enabled) !== 0 && !this.enabled;
    this.regs[DispiIndex.enable] = value & ENABLE_MASK;
    if (!enabling) return;
    this.regs[DispiIndex.virtualWidth] = 0;
    this.regs[DispiIndex.xOffset] = 0;
    this.regs[DispiIndex.yOffset] = 0;
    this.regs[DispiIndex.bank] = 0;
    this.fit();
  }

  private programPlanar(): void {
    programPlanarDispi(this.state.registers, {
      width: this.regs[DispiIndex.xResolution]!,
      height: this.regs[DispiIndex.yResolution]!,
      virtualWidth: this.regs[DispiIndex.virtualWidth]!,
      xOffset: this.regs[DispiIndex.xOffset]!,
      yOffset: this.regs[DispiIndex.yOffset]!,
    });
  }

  private clearScreen(): void {
    const pitch = dispiPitch(this.regs[DispiIndex.virtualWidth]!, this.regs[DispiIndex.bitsPerPixel]!);
    this.videoMemory.fill(0, 0, Math.min(this.videoMemory.length, pitch * this.regs[DispiIndex.yResolution]!));
  }

  /** Brings every register into its legal range, as {@link Dispi} promises. */
  private fit(): void {
    const r = this.regs;
    if (!(r[DispiIndex.bitsPerPixel]! in STORED_BITS)) r[DispiIndex.bitsPerPixel] = 8;
    const depth = r[DispiIndex.bitsPerPixel]!;
    const width = clamp(r[DispiIndex.xResolution]! & ~7, 8, MAX_SCREEN_WIDTH);
    const virtualWidth = clamp(r[DispiIndex.virtualWidth]! & ~7, width, 0x3ff8);
    const memory = depth === 4 ? PLANAR_BYTES : this.videoMemory.length;
    const virtualHeight = Math.min(Math.floor(memory / dispiPitch(virtualWidth, depth)), 0xffff);
    const height = clamp(r[DispiIndex.yResolution]!, 1, Math.min(MAX_SCREEN_HEIGHT, virtualHeight));
    r[DispiIndex.xResolution] = width;
    r[DispiIndex.yResolution] = height;
    r[DispiIndex.virtualWidth] = virtualWidth;
    r[DispiIndex.virtualHeight] = virtualHeight;
    r[DispiIndex.xOffset] = Math.min(r[DispiIndex.xOffset]!, virtualWidth - width);
    r[DispiIndex.yOffset] = Math.min(r[DispiIndex.yOffset]!, virtualHeight - height);
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
