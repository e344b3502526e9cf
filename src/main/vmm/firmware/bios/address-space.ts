import type { MmioBus } from '../../bus/mmio-bus.js';
import { PAGE_READ, PAGE_WRITE } from '../../memory/layout.js';
import type { GuestMemory } from '../../memory/guest-memory.js';

/** Turns a linear address into a physical one, or -1 where nothing is mapped. */
export type Translation = (linear: number) => number;

const identity: Translation = (linear) => linear;

/**
 * Memory as BIOS code sees it: RAM, ROM and, through the MMIO bus, video memory. Addresses are linear; under a
 * virtual-8086 monitor with paging they are translated as the CPU would, and what is not mapped reads as all-ones.
 */
export class AddressSpace {
  private translate = identity;

  constructor(
    readonly memory: GuestMemory,
    private readonly mmio: MmioBus,
  ) {}

  /** Sets how addresses are translated from now on; `undefined` for no paging. */
  usePaging(translation: Translation | undefined): void {
    this.translate = translation ?? identity;
  }

  read8(linear: number): number {
    const address = this.translate(linear);
    if (address < 0) return 0xff;
    return this.memory.entry(address) & PAGE_READ ? this.memory.read8(address) : this.mmio.read(address, 1);
  }

  read16(linear: number): number {
    return this.read8(linear) | (this.read8(linear + 1) << 8);
  }

  read32(linear: number): number {
    return (this.read16(linear) | (this.read16(linear + 2) << 16)) >>> 0;
  }

  write8(linear: number, value: number): void {
    const address = this.translate(linear);
    if (address < 0) return;
    if (this.memory.entry(address) & PAGE_WRITE) this.memory.write8(address, value & 0xff);
    else this.mmio.write(address, value & 0xff, 1);
  }

  write16(linear: number, value: number): void {
    this.write8(linear, value & 0xff);
    this.write8(linear + 1, (value >>> 8) & 0xff);
  }

  write32(linear: number, value: number): void {
    this.write16(linear, value & 0xffff);
    this.write16(linear + 2, value >>> 16);
  }

  readBytes(linear: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    if (this.translate === identity && this.isMemory(linear, length, PAGE_READ)) this.memory.read(linear, bytes);
    else for (let i = 0; i < length; i++) bytes[i] = this.read8(linear + i);
    return bytes;
  }

  writeBytes(linear: number, bytes: Uint8Array): void {
    if (this.translate === identity && this.isMemory(linear, bytes.length, PAGE_WRITE)) {
      this.memory.write(linear, bytes);
    } else {
      for (let i = 0; i < bytes.length; i++) this.write8(linear + i, bytes[i]!);
    }
  }

  fill(linear: number, length: number, value: number): void {
    for (let i = 0; i < length; i++) this.write8(linear + i, value);
  }

  /** Copies between physical addresses, whatever translation is in force. */
  copyPhysical(from: number, to: number, length: number): void {
    const { translate } = this;
    this.translate = identity;
    this.writeBytes(to, this.readBytes(from, length));
    this.translate = translate;
  }

  private isMemory(address: number, length: number, flag: number): boolean {
    for (let page = address & ~0xfff; page < address + length; page += 0x1000) {
      if (!(this.memory.entry(page) & flag)) return false;
    }
    return true;
  }
}
