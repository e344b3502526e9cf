import { beforeEach, describe, expect, it } from 'vitest';
import { sharedIrqLine } from '../bus/irq-line.js';
import { MmioBus } from '../bus/mmio-bus.js';
import { PortBus } from '../bus/port-bus.js';
import { GuestMemory } from '../memory/guest-memory.js';
import { PciMemoryWindow } from './memory-window.js';
import { CONFIG_ADDRESS_PORT, CONFIG_DATA_PORT, PciBus } from './pci-bus.js';
import { PciFunction } from './pci-function.js';
import { Piix3IsaBridge } from './piix3-isa-bridge.js';

let ports: PortBus;
let mmio: MmioBus;
let memory: GuestMemory;
let bus: PciBus;
let card: TestCard;
let intx: boolean;

class TestCard extends PciFunction {
  constructor(hostOffset: number) {
    super({ vendorId: 0x1234, deviceId: 0x5678, classCode: 0xff_00_01, interruptPin: 1 }, [
      { kind: 'ports', bar: 0, bytes: 32, handler: { read: (offset) => offset, write: () => undefined } },
      { kind: 'mmio', bar: 1, bytes: 256, handler: { read: (offset) => 0x100 + offset, write: () => undefined } },
      { kind: 'memory', bar: 2, bytes: 0x10000, hostOffset },
      { kind: 'rom', bytes: 0x1000, handler: { read: () => 0xaa55, write: () => undefined } },
    ]);
    this.define(0xdc, 0x80, 0x0f, 0x80);
    this.addCapability(0x09, [{ value: 4, writable: 0 }]);
    this.addCapability(0x05, [
      { value: 0, writable: 0x01 },
      { value: 0, writable: 0 },
    ]);
  }
}

function select(device: number, register: number): void {
  ports.write(CONFIG_ADDRESS_PORT, (0x8000_0000 | (device << 11) | (register & 0xfc)) >>> 0, 4);
}

function read(register: number, size: 1 | 2 | 4 = 4): number {
  select(3, register);
  return ports.read(CONFIG_DATA_PORT + (register & 3), size);
}

function write(register: number, value: number, size: 1 | 2 | 4 = 4): void {
  select(3, register);
  ports.write(CONFIG_DATA_PORT + (register & 3), value, size);
}

beforeEach(() => {
  ports = new PortBus();
  mmio = new MmioBus();
  memory = new GuestMemory(1 << 20, 1 << 20);
  intx = false;
  const window = new PciMemoryWindow(memory, 0xc000_0000, 0xfec0_0000);
  bus = new PciBus({
    mapPorts: (first, count, handler) => ports.map(first, count, handler),
    mapMmio: (address, bytes, handler) => mmio.map(address, bytes, handler),
    mapMemory: (address, bytes, hostOffset) => window.map(address, bytes, hostOffset),
    interruptLine: () => ({ set: (on) => (intx = on) }),
  });
  ports.map(CONFIG_ADDRESS_PORT, 4, bus.addressPort);
  ports.map(CONFIG_DATA_PORT, 4, bus.dataPort);
  card = new TestCard(memory.allocate(0x10000));
  bus.add(3, 0, card);
});

describe('configuration mechanism #1', () => {
  it('finds what is there and reads ones from what is not', () => {
    expect(read(0)).toBe(0x5678_1234);
    select(4, 0);
    expect(ports.read(CONFIG_DATA_PORT, 4)).toBe(0xffff_ffff);
    ports.write(CONFIG_ADDRESS_PORT, 0x8001_1800, 4);
    expect(ports.read(CONFIG_DATA_PORT, 4)).toBe(0xffff_ffff);
    ports.write(CONFIG_ADDRESS_PORT, 0x0000_1800, 4);
    expect(ports.read(CONFIG_DATA_PORT, 4)).toBe(0xffff_ffff);
  });

  it('takes its address by 32-bit writes only, and keeps reserved bits zero', () => {
    ports.write(CONFIG_ADDRESS_PORT, 0xffff_ffff, 4);
    expect(ports.read(CONFIG_ADDRESS_PORT, 4)).toBe(0x80ff_fffc);
    ports.write(CONFIG_ADDRESS_PORT, 0, 1);
    ports.write(CONFIG_ADDRESS_PORT, 0, 2);
    expect(ports.read(CONFIG_ADDRESS_PORT, 4)).toBe(0x80ff_fffc);
  });

  it('reads and writes bytes and words of a register', () => {
    expect([read(2, 2), read(0x0b, 1)]).toEqual([0x5678, 0xff]);
    write(0x3c, 11, 1);
    expect(read(0x3c, 1)).toBe(11);
    write(0x3d, 4, 1);
    expect(read(0x3d, 1)).toBe(1);
  });
});

describe('base address registers', () => {
  it('say their size and kind as Linux sizes them', () => {
    for (const register of [0x10, 0x14, 0x18, 0x1c, 0x30]) write(register, 0xffff_ffff);
    expect([read(0x10), read(0x14), read(0x18), read(0x1c), read(0x30)]).toEqual([
      0xffff_ffe1, 0xffff_ff00, 0xffff_0008, 0, 0xffff_f001,
    ]); // prettier-ignore
  });

  it('decode ports and memory only while the command register lets them', () => {
    write(0x10, 0xc000);
    write(0x14, 0xe000_0000);
    expect(ports.read(0xc004, 4)).toBe(0xffff_ffff);
    write(4, 3, 2);
    expect(ports.read(0xc004, 4)).toBe(4);
    expect(mmio.read(0xe000_0010, 4)).toBe(0x110);
    write(0x10, 0xd000);
    expect([ports.read(0xc004, 4), ports.read(0xd004, 4)]).toEqual([0xffff_ffff, 4]);
    write(4, 0, 2);
    expect(ports.read(0xd004, 4)).toBe(0xffff_ffff);
  });

  it('map memory-backed regions into guest memory, but never over RAM or the chips', () => {
    write(4, 2, 2);
    write(0x18, 0xd000_0000);
    memory.write32(0xd000_0010, 0x1234_5678);
    expect(memory.read32(0xd000_0010)).toBe(0x1234_5678);
    write(0x18, 0xe000_0000);
    expect(memory.read32(0xd000_0010)).toBe(0xffff_ffff);
    expect(memory.read32(0xe000_0010)).toBe(0x1234_5678);
    for (const bad of [0x0001_0000, 0xfec0_0000, 0xffff_0000]) {
      write(0x18, bad);
      expect(memory.entry(bad)).toBe(0);
    }
  });

  it('bring back the region beneath when one moves off another', () => {
    const other = new TestCard(memory.allocate(0x10000));
    bus.add(5, 0, other);
    const put = (device: number, address: number): void => {
      select(device, 0x18);
      ports.write(CONFIG_DATA_PORT, address, 4);
      select(device, 4);
      ports.write(CONFIG_DATA_PORT, 2, 2);
    };
    put(3, 0xd000_0000);
    memory.write32(0xd000_0000, 0x1111);
    put(5, 0xd000_0000);
    memory.write32(0xd000_0000, 0x2222);
    put(5, 0xd100_0000);
    expect([memory.read32(0xd000_0000), memory.read32(0xd100_0000)]).toEqual([0x1111, 0x2222]);
  });

  it('switch the expansion ROM by its own bit', () => {
    write(4, 2, 2);
    write(0x30, 0xc100_0000);
    expect(mmio.read(0xc100_0000, 2)).toBe(0xffff);
    write(0x30, 0xc100_0001);
    expect(mmio.read(0xc100_0000, 2)).toBe(0xaa55);
  });
});

describe('PCI function', () => {
  it('lists its capabilities', () => {
    expect(read(6, 2) & 0x10).toBe(0x10);
    const msi = read(0x34, 1);
    expect([read(msi, 1), read(read(msi + 1, 1), 1), read(read(msi + 1, 1) + 1, 1)]).toEqual([5, 9, 0]);
  });

  it('keeps a masked register to its writable and write-one-to-clear bits', () => {
    write(0xdc, 0xff, 1);
    expect(read(0xdc, 1)).toBe(0x0f);
  });

  it('drives INTx unless the command register disables it, and shows it in status', () => {
    card.setInterrupt(true);
    expect([intx, read(6, 2) & 8]).toEqual([true, 8]);
    write(4, 0x400, 2);
    expect([intx, read(6, 2) & 8]).toEqual([false, 8]);
    write(4, 0, 2);
    expect(intx).toBe(true);
  });

  it('is as after power-on when reset, and as before after a snapshot', () => {
    write(0x10, 0xc000);
    write(4, 1, 2);
    const saved = structuredClone(card.saveState());
    card.reset();
    expect([read(0x10), ports.read(0xc004, 4)]).toEqual([1, 0xffff_ffff]);
    card.loadState(saved);
    expect([read(0x10), ports.read(0xc004, 4)]).toEqual([0xc001, 4]);
  });
});

describe('PIIX3 interrupt routing', () => {
  it('moves an asserted PIRQ with its register and refuses interrupts that are not for PCI', () => {
    const asserted = new Set<number>();
    const inputs = Array.from({ length: 16 }, (_, irq) =>
      sharedIrqLine({ set: (on) => (on ? asserted.add(irq) : asserted.delete(irq)) }),
    );
    const bridge = new Piix3IsaBridge((irq) => inputs[irq]!());
    bridge.setPirq(0, true);
    expect([...asserted]).toEqual([]);
    bridge.write(0x60, 11, 1);
    expect([...asserted]).toEqual([11]);
    bridge.write(0x60, 10, 1);
    expect([...asserted]).toEqual([10]);
    bridge.write(0x60, 8, 1);
    expect([...asserted]).toEqual([]);
    bridge.write(0x60, 0x8a, 1);
    expect([...asserted]).toEqual([]);
  });
});
