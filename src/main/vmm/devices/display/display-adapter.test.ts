import { describe, expect, it } from 'vitest';
import { GuestMemory } from '../../memory/guest-memory.js';
import type { BusHandler } from '../../bus/access.js';
import { ManualClock } from '../../time/clock.js';
import { displayAdapter } from './display-adapter.js';
import { unconnectedIrq } from '../../bus/irq-line.js';

const VIDEO_MEMORY_BYTES = 4 << 20;

/** The adapter plugged in as a BIOS leaves it: BAR 0 at E0000000h, BAR 2 at E1000000h. */
function plugged(optionRom?: Uint8Array) {
  const memory = new GuestMemory(1 << 20, 32 << 20);
  const adapter = displayAdapter({
    memory,
    videoMemoryBytes: VIDEO_MEMORY_BYTES,
    clock: new ManualClock(),
    ...(optionRom && { optionRom }),
  });
  const mmio = new Map<number, BusHandler>();
  adapter.pci.attach(
    {
      mapPorts: () => () => undefined,
      mapMmio: (address, _bytes, handler) => {
        mmio.set(address, handler);
        return () => void mmio.delete(address);
      },
      mapMemory: (address, bytes, hostOffset) => {
        memory.mapRam(address, hostOffset, bytes);
        return () => memory.unmap(address, bytes);
      },
      interruptLine: () => unconnectedIrq,
    },
    2,
  );
  adapter.pci.write(0x10, 0xe000_0000, 4);
  adapter.pci.write(0x18, 0xe100_0000, 4);
  adapter.pci.write(0x04, 2, 2);
  return { adapter, memory, mmio, registers: mmio.get(0xe100_0000)! };
}

describe('the PCI display adapter', () => {
  it('identifies itself and sizes its regions', () => {
    const { adapter } = plugged();
    expect(adapter.pci.read(0x00, 4)).toBe(0x1111_1234);
    expect(adapter.pci.read(0x08, 4)).toBe(0x0300_0002);
    adapter.pci.write(0x10, 0xffff_ffff, 4);
    expect(adapter.pci.read(0x10, 4)).toBe(0xffc0_0008);
  });

  it('maps video memory straight into the guest', () => {
    const { adapter, memory } = plugged();
    memory.write8(0xe000_1234, 0x5a);
    expect(adapter.vga.videoMemory[0x1234]).toBe(0x5a);
  });

  it('has DISPI and VGA registers in BAR 2', () => {
    const { registers, adapter } = plugged();
    expect(registers.read(0x500, 2)).toBe(0xb0c5);
    registers.write(0x502, 800, 2);
    expect(adapter.vga.readDispi(1)).toBe(800);
    registers.write(0x402, 0x01, 1);
    expect(adapter.vga.readPort(0x3cc)).toBe(0x01);
    expect(registers.read(0x40c, 1)).toBe(0x01);
    expect([registers.read(0x600, 4), registers.read(0x604, 4)]).toEqual([8, 0x1e1e_1e1e]);
  });

  it('shows a monitor whose EDID checks out', () => {
    const { registers } = plugged();
    const edid = Uint8Array.from({ length: 128 }, (_, i) => registers.read(i, 1));
    expect([...edid.subarray(0, 8)]).toEqual([0, 255, 255, 255, 255, 255, 255, 0]);
    expect(edid.reduce((sum, byte) => sum + byte, 0) % 256).toBe(0);
    const width = edid[56]! | ((edid[58]! & 0xf0) << 4);
    const height = edid[59]! | ((edid[61]! & 0xf0) << 4);
    expect([width, height]).toEqual([1024, 768]);
  });

  it('offers the video BIOS while its ROM is enabled', () => {
    const { adapter, mmio } = plugged(Uint8Array.of(0x55, 0xaa, 0x40));
    adapter.pci.write(0x30, 0xe200_0000, 4);
    expect(mmio.has(0xe200_0000)).toBe(false);
    adapter.pci.write(0x30, 0xe200_0001, 4);
    expect(mmio.get(0xe200_0000)!.read(0, 4)).toBe(0xff40_aa55);
  });
});
