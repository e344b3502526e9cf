import { describe, expect, it } from 'vitest';
import { GuestMemory } from '../../memory/guest-memory.js';
import { IsaDmaController } from './isa-dma-controller.js';

function setUp() {
  const memory = new GuestMemory(2 << 20, 1 << 20);
  memory.mapRam(0, 192 << 20, 2 << 20);
  const dma = new IsaDmaController(memory);
  /** Programs a channel through the ports; address and count in the channel's units. */
  const program = (channel: number, mode: number, page: number, address: number, count: number) => {
    const ports = channel < 4 ? dma.lowPorts : dma.highPorts;
    const scale = channel < 4 ? 1 : 2;
    const out = (register: number, value: number) => ports.write(register * scale, value, 1);
    out(12, 0);
    out(11, mode | (channel & 3));
    out((channel & 3) * 2, address & 0xff);
    out((channel & 3) * 2, address >> 8);
    out((channel & 3) * 2 + 1, count & 0xff);
    out((channel & 3) * 2 + 1, count >> 8);
    dma.pagePorts.write({ 0: 7, 1: 3, 2: 1, 3: 2, 5: 11, 6: 9, 7: 10 }[channel]!, page, 1);
    out(10, channel & 3);
  };
  return { memory, dma, program };
}

describe('IsaDmaController', () => {
  it('moves bytes until the count runs out, then masks the channel', () => {
    const { memory, dma, program } = setUp();
    program(2, 0x44, 0x01, 0x2345, 2);
    const channel = dma.channel(2);
    expect(channel.toMemory(Uint8Array.of(1, 2, 3, 4))).toEqual({ moved: 3, terminalCount: true });
    expect(memory.read32(0x12345) & 0xffffff).toBe(0x030201);
    expect(memory.read8(0x12348)).toBe(0);
    expect(channel.ready).toBe(false);
    expect(dma.lowPorts.read(8, 1)).toBe(4);
    expect(dma.lowPorts.read(8, 1)).toBe(0);
  });

  it('goes on over several requests and reads counters back', () => {
    const { dma, program } = setUp();
    program(1, 0x48, 0, 0x1000, 9);
    expect(dma.channel(1).fromMemory(new Uint8Array(4))).toEqual({ moved: 4, terminalCount: false });
    dma.lowPorts.write(12, 0, 1);
    expect([dma.lowPorts.read(2, 1), dma.lowPorts.read(2, 1)]).toEqual([0x04, 0x10]);
    expect([dma.lowPorts.read(3, 1), dma.lowPorts.read(3, 1)]).toEqual([5, 0]);
  });

  it('wraps inside its 64 KiB page and starts over with autoinitialize', () => {
    const { memory, dma, program } = setUp();
    program(3, 0x54, 0x02, 0xfffe, 3);
    expect(dma.channel(3).toMemory(Uint8Array.of(1, 2, 3, 4))).toEqual({ moved: 4, terminalCount: true });
    expect([memory.read16(0x2fffe), memory.read16(0x20000), memory.read16(0x30000)]).toEqual([0x0201, 0x0403, 0]);
    expect(dma.channel(3).ready).toBe(true);
    dma.channel(3).toMemory(Uint8Array.of(9));
    expect(memory.read8(0x2fffe)).toBe(9);
  });

  it('moves words on the upper channels, and backwards when told', () => {
    const { memory, dma, program } = setUp();
    program(5, 0x44, 0x03, 0x0800, 1);
    dma.channel(5).toMemory(Uint8Array.of(1, 2, 3, 4));
    expect(memory.read32(0x21000)).toBe(0x04030201);
    program(2, 0x64, 0, 0x5001, 1);
    dma.channel(2).toMemory(Uint8Array.of(7, 8));
    expect(memory.read16(0x5000)).toBe(0x0708);
  });

  it('tells a waiting device when its channel becomes ready', () => {
    const { dma } = setUp();
    let told = 0;
    dma.channel(2).onReady(() => told++);
    dma.lowPorts.write(10, 2, 1);
    expect(told).toBe(1);
    dma.lowPorts.write(8, 4, 1);
    dma.lowPorts.write(14, 0, 1);
    expect(told).toBe(1);
    expect(dma.channel(2).ready).toBe(false);
    dma.lowPorts.write(8, 0, 1);
    expect(told).toBe(2);
  });

  it('keeps what is written to page ports without a channel', () => {
    const { dma } = setUp();
    dma.pagePorts.write(0, 0x5a, 1);
    expect(dma.pagePorts.read(0, 1)).toBe(0x5a);
  });

  it('comes back from its saved state', () => {
    const { dma, program } = setUp();
    program(2, 0x44, 1, 0x2000, 511);
    const copy = setUp();
    copy.dma.loadState(structuredClone(dma.saveState()));
    copy.dma.channel(2).toMemory(Uint8Array.of(0x99));
    expect(copy.memory.read8(0x12000)).toBe(0x99);
  });
});
