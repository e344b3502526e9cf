import type { BusHandler } from '../bus/access.js';
import type { MmioBus } from '../bus/mmio-bus.js';
import type { GuestMemory } from '../memory/guest-memory.js';
import { RAM_OFFSET } from '../memory/layout.js';
import { hostPageOf } from '../memory/page-states.js';
import type { ShadowControl, ShadowSegment } from '../pci/i440fx-host-bridge.js';

const AREA_START = 0xc_0000;
const AREA_END = 0x10_0000;
/** How much of the firmware's end also appears below 1 MiB. */
const LOW_ROM_BYTES = 0x2_0000;
const OPEN_BUS = 0xff;

interface Routing {
  readRam: boolean;
  writeRam: boolean;
}

/**
 * C0000h–FFFFFh: each segment is ROM (or nothing) or RAM, for reads and writes apart. Where one page serves both it is
 * mapped; reading ROM while writing RAM behind it, as firmware does to copy itself, goes byte by byte through the bus.
 */
export class ShadowMemory implements ShadowControl {
  /** Host offset of the ROM bytes that appear at {@link lowRomStart}. */
  private lowRomHost = 0;
  private lowRomStart = AREA_END;
  private readonly routing = new Map<number, Routing>();

  constructor(
    private readonly memory: GuestMemory,
    mmio: MmioBus,
  ) {
    mmio.map(AREA_START, AREA_END - AREA_START, this.splitAccess);
  }

  /** Puts the firmware below 4 GiB and its end below 1 MiB; once, before the first routing. */
  installRom(rom: Uint8Array): void {
    const host = this.memory.allocate(rom.length);
    this.memory.bytes.set(rom, host);
    this.memory.mapRam(2 ** 32 - rom.length, host, rom.length, { readonly: true });
    const lowBytes = Math.min(rom.length, LOW_ROM_BYTES);
    this.lowRomStart = AREA_END - lowBytes;
    this.lowRomHost = host + rom.length - lowBytes;
  }

  route(segment: ShadowSegment, readRam: boolean, writeRam: boolean): void {
    const now = this.routing.get(segment.address);
    if (now?.readRam === readRam && now.writeRam === writeRam) return;
    this.routing.set(segment.address, { readRam, writeRam });
    const { address, bytes } = segment;
    if (readRam) this.memory.mapRam(address, RAM_OFFSET + address, bytes, { readonly: !writeRam });
    else if (address >= this.lowRomStart && !writeRam) {
      this.memory.mapRam(address, this.romOffset(address), bytes, { readonly: true });
    } else this.memory.unmap(address, bytes);
  }

  private readonly splitAccess: BusHandler = {
    read: (offset, size) => {
      let value = 0;
      for (let i = 0; i < size; i++) value |= this.readByte(AREA_START + offset + i) << (8 * i);
      return value >>> 0;
    },
    write: (offset, value, size) => {
      for (let i = 0; i < size; i++) this.writeByte(AREA_START + offset + i, value >>> (8 * i));
    },
  };

  private readByte(address: number): number {
    if (address < this.lowRomStart || address >= AREA_END) return OPEN_BUS;
    return this.memory.bytes[this.romOffset(address)]!;
  }

  private writeByte(address: number, value: number): void {
    if (address >= AREA_END || !this.routingAt(address)?.writeRam) return;
    this.memory.pages.beforeWrite(hostPageOf(RAM_OFFSET + address));
    this.memory.bytes[RAM_OFFSET + address] = value;
  }

  private routingAt(address: number): Routing | undefined {
    return this.routing.get(address >= 0xf_0000 ? 0xf_0000 : address & ~0x3fff);
  }

  private romOffset(address: number): number {
    return this.lowRomHost + address - this.lowRomStart;
  }
}
