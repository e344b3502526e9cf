import { openBus, type AccessSize, type BusHandler } from '../../bus/access.js';
import { DISPI_REGISTERS } from './dispi.js';
import { EDID_BYTES, monitorEdid } from './edid.js';
import type { Vga } from './vga/vga.js';

/** VGA ports 3C0h–3DFh appear here. */
const VGA_PORTS = 0x400;
const VGA_PORT_COUNT = 0x20;
const FIRST_MAPPED_PORT = 0x3c0;
/** DISPI registers, 16 bits each. */
const DISPI = 0x500;
/** Extension: its size in bytes, then the frame buffer's byte order. */
const EXTENSION = 0x600;
const EXTENSION_BYTES = 8;
const LITTLE_ENDIAN = 0x1e1e_1e1e;

/**
 * BAR 2: EDID, VGA ports, DISPI and the byte-order register in memory space.
 * Source: "QEMU Standard VGA" specification (docs/specs/standard-vga of the QEMU project).
 */
export class RegisterBar implements BusHandler {
  readonly bytes = 0x1000;
  private readonly edid = monitorEdid();

  constructor(private readonly vga: Vga) {}

  read(offset: number, size: AccessSize): number {
    if (offset >= EXTENSION && offset < EXTENSION + EXTENSION_BYTES) {
      const word = offset < EXTENSION + 4 ? EXTENSION_BYTES : LITTLE_ENDIAN;
      return (word >>> ((offset & 3) * 8)) & openBus(size);
    }
    if (offset >= DISPI && offset < DISPI + DISPI_REGISTERS * 2) return this.readDispi(offset - DISPI, size);
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.readByte(offset + i) << (i * 8);
    return value >>> 0;
  }

  write(offset: number, value: number, size: AccessSize): void {
    if (offset >= DISPI && offset < DISPI + DISPI_REGISTERS * 2) {
      // The interface is 16 bits wide; narrower writes have no meaning.
      if (size >= 2) this.vga.writeDispi((offset - DISPI) >> 1, value & 0xffff);
      return;
    }
    for (let i = 0; i < size; i++) {
      const port = offset + i - VGA_PORTS;
      if (port >= 0 && port < VGA_PORT_COUNT) this.vga.writePort(FIRST_MAPPED_PORT + port, (value >>> (i * 8)) & 0xff);
    }
  }

  private readDispi(offset: number, size: AccessSize): number {
    const value = this.vga.readDispi(offset >> 1);
    return size === 1 ? (value >>> ((offset & 1) * 8)) & 0xff : value;
  }

  private readByte(offset: number): number {
    if (offset < EDID_BYTES) return this.edid[offset]!;
    const port = offset - VGA_PORTS;
    if (port >= 0 && port < VGA_PORT_COUNT) return this.vga.readPort(FIRST_MAPPED_PORT + port);
    return offset < VGA_PORTS ? 0 : 0xff;
  }
}
