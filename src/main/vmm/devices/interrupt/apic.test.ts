import { beforeEach, describe, expect, it } from 'vitest';
import { MmioBus } from '../../bus/mmio-bus.js';
import { ManualClock } from '../../time/clock.js';
import { TimerQueue } from '../../time/timers.js';
import { ApicBus } from './apic-bus.js';
import { IoApic } from './io-apic.js';
import { LocalApic } from './local-apic.js';

const APIC = 0xfee0_0000;
const IO_APIC = 0xfec0_0000;

let mmio: MmioBus;
let clock: ManualClock;
let timers: TimerQueue;
let apic: LocalApic;
let ioApic: IoApic;
let intr: boolean;
let events: string[];

const read = (register: number): number => mmio.read(APIC + register, 4);
const write = (register: number, value: number): void => mmio.write(APIC + register, value, 4);

function writeIo(register: number, value: number): void {
  mmio.write(IO_APIC, register, 4);
  mmio.write(IO_APIC + 0x10, value, 4);
}

function readIo(register: number): number {
  mmio.write(IO_APIC, register, 4);
  return mmio.read(IO_APIC + 0x10, 4);
}

function route(pin: number, low: number, destination = 0): void {
  writeIo(0x11 + 2 * pin, destination << 24);
  writeIo(0x10 + 2 * pin, low);
}

/** Takes every deliverable interrupt, highest first, with its EOI. */
function service(): number[] {
  const vectors: number[] = [];
  while (intr) {
    vectors.push(apic.acknowledge());
    write(0xb0, 0);
  }
  return vectors;
}

function pass(ns: number): void {
  clock.advance(ns);
  timers.poll();
}

beforeEach(() => {
  mmio = new MmioBus();
  clock = new ManualClock(1000);
  timers = new TimerQueue(clock);
  events = [];
  intr = false;
  const bus = new ApicBus();
  ioApic = new IoApic(bus, 1);
  ioApic.attach(mmio);
  apic = new LocalApic(0, timers, mmio, {
    interruptRequest: (asserted) => (intr = asserted),
    nmi: () => events.push('nmi'),
    init: () => events.push('init'),
    startup: (vector) => events.push(`startup ${vector}`),
    broadcastEoi: (vector) => ioApic.endOfInterrupt(vector),
    messages: bus,
    acknowledgeExternal: () => 0x08,
  });
  bus.add(apic);
  write(0xf0, 0x1ff);
});

describe('local APIC', () => {
  it('carries the 8259A to the processor before anyone programs it', () => {
    apic.reset();
    apic.setExternalInterrupt(true);
    expect(intr).toBe(true);
    expect(apic.acknowledge()).toBe(0x08);
    apic.setExternalInterrupt(false);
    expect(intr).toBe(false);
  });

  it('stops the 8259A when LINT0 is masked, and passes it on when globally disabled', () => {
    write(0x350, 0x1_0700);
    apic.setExternalInterrupt(true);
    expect(intr).toBe(false);
    expect(apic.writeBaseMsr(0xfee0_0000, 0)).toBe(true);
    expect(intr).toBe(true);
    expect(read(0x30)).toBe(0xffff_ffff);
  });

  it('orders by vector and holds back what does not outrank the one in service', () => {
    for (const vector of [0x41, 0x62, 0x55]) write(0x300, 0x4_4000 | vector);
    expect(apic.acknowledge()).toBe(0x62);
    expect(intr).toBe(false);
    expect(read(0xa0)).toBe(0x60);
    expect(read(0x130)).toBe(1 << 2);
    write(0xb0, 0);
    expect(service()).toEqual([0x55, 0x41]);
  });

  it('holds interrupts at or below the task priority, by TPR or CR8', () => {
    write(0x80, 0x50);
    write(0x300, 0x4_4055);
    expect(intr).toBe(false);
    apic.priorityClass = 4;
    expect(read(0x80)).toBe(0x40);
    expect(service()).toEqual([0x55]);
  });

  it('counts down as Linux calibrates it: divide by 16, one-shot, masked', () => {
    write(0x3e0, 0x3);
    write(0x320, 0x1_0020);
    write(0x380, 0xffff_ffff);
    pass(10_000_000);
    expect(0xffff_ffff - read(0x390)).toBe(10_000_000 / 16);
  });

  it('fires once or periodically at the programmed interval', () => {
    write(0x3e0, 0xb);
    write(0x320, 0x30);
    write(0x380, 5000);
    pass(4999);
    expect(intr).toBe(false);
    pass(1);
    expect(service()).toEqual([0x30]);
    expect(read(0x390)).toBe(0);
    write(0x320, 0x2_0031);
    write(0x380, 1000);
    pass(3500);
    expect(service()).toEqual([0x31]);
    expect(read(0x390)).toBe(500);
    pass(499);
    expect(intr).toBe(false);
    pass(1);
    expect(service()).toEqual([0x31]);
  });

  it('fires at a TSC deadline, at once when it is past, and not after it is cleared', () => {
    write(0x320, 0x4_0032);
    apic.tscDeadline = clock.nowNs() + 700;
    pass(700);
    expect(service()).toEqual([0x32]);
    expect(apic.tscDeadline).toBe(0);
    apic.tscDeadline = 5;
    pass(0);
    expect(service()).toEqual([0x32]);
    apic.tscDeadline = clock.nowNs() + 10;
    apic.tscDeadline = 0;
    pass(100);
    expect(intr).toBe(false);
  });

  it('reports illegal vectors and registers through ESR and the error entry', () => {
    write(0x370, 0xfe);
    write(0x300, 0x4_4005);
    expect(service()).toEqual([0xfe]);
    write(0x280, 0);
    expect(read(0x280)).toBe(0x20);
    read(0x040);
    write(0x280, 0);
    expect(read(0x280)).toBe(0x80);
  });

  it('survives an error entry that is itself illegal', () => {
    write(0x370, 0x00);
    read(0x040);
    write(0x280, 0);
    expect(read(0x280)).toBe(0xc0);
  });

  it('sends NMI, INIT and start-up to whom they address', () => {
    write(0x310, 0);
    write(0x300, 0x0_0400);
    write(0x300, 0x0_4500);
    write(0x300, 0x0_8500);
    write(0x300, 0x0_4699);
    write(0x310, 5 << 24);
    write(0x300, 0x0_0400);
    write(0x300, 0xc_0400);
    expect(events).toEqual(['nmi', 'init', 'startup 153']);
  });

  it('matches logical destinations in the flat and the cluster model', () => {
    write(0xd0, 0x0400_0000);
    expect([apic.isAddressed(0x04, true), apic.isAddressed(0x03, true)]).toEqual([true, false]);
    write(0xe0, 0x0fff_ffff);
    write(0xd0, 0x2400_0000);
    expect([apic.isAddressed(0x26, true), apic.isAddressed(0x16, true), apic.isAddressed(0xf4, true)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('masks its table when software disables it, and refuses x2APIC and reserved bits', () => {
    write(0x320, 0x30);
    write(0xf0, 0xff);
    expect(read(0x320)).toBe(0x1_0030);
    expect(apic.writeBaseMsr(0xfee0_0c00, 0)).toBe(false);
    expect(apic.writeBaseMsr(0xfee0_0800, 1)).toBe(false);
  });

  it('is the same after its state went through a snapshot', () => {
    write(0x3e0, 0xb);
    write(0x320, 0x2_0031);
    write(0x380, 1000);
    write(0x300, 0x4_4055);
    const saved = structuredClone(apic.saveState());
    apic.reset();
    expect(intr).toBe(false);
    apic.loadState(saved);
    expect(service()).toEqual([0x55]);
    pass(1000);
    expect(service()).toEqual([0x31]);
  });
});

describe('I/O APIC', () => {
  it('says what it is', () => {
    expect(readIo(0)).toBe(1 << 24);
    expect(readIo(1)).toBe(0x0017_0011);
    expect(readIo(0x10)).toBe(0x1_0000);
  });

  it('delivers each edge of an edge-triggered pin once', () => {
    route(4, 0x44);
    ioApic.setInput(4, true);
    ioApic.setInput(4, true);
    expect(service()).toEqual([0x44]);
    ioApic.setInput(4, false);
    ioApic.setInput(4, true);
    expect(service()).toEqual([0x44]);
  });

  it('holds a level-triggered pin by remote IRR and repeats it after EOI while it is asserted', () => {
    route(9, 0x8051);
    ioApic.setInput(9, true);
    expect(apic.acknowledge()).toBe(0x51);
    expect(readIo(0x22) & 0x4000).toBe(0x4000);
    expect(read(0x1a0)).toBe(1 << 17);
    expect(intr).toBe(false);
    write(0xb0, 0);
    expect(intr).toBe(true);
    apic.acknowledge();
    ioApic.setInput(9, false);
    write(0xb0, 0);
    expect(intr).toBe(false);
    expect(readIo(0x22) & 0x4000).toBe(0);
  });

  it('forgets edges while masked but not levels', () => {
    route(5, 0x1_0045);
    route(6, 0x1_8046);
    ioApic.setInput(5, true);
    ioApic.setInput(6, true);
    route(5, 0x45);
    route(6, 0x8046);
    expect(apic.acknowledge()).toBe(0x46);
    expect(intr).toBe(false);
  });

  it('clears remote IRR when a pin is switched to edge, as Linux does to replay an EOI', () => {
    route(9, 0x8051);
    ioApic.setInput(9, true);
    route(9, 0x1_0051);
    expect(readIo(0x22) & 0x4000).toBe(0);
  });

  it('keeps a guest from writing the status bits and from selecting what is not there', () => {
    route(3, 0xffff_ffff, 0xff);
    expect(readIo(0x16)).toBe(0x0001_afff);
    writeIo(0xff, 0x1234);
    expect(readIo(0xff)).toBe(0);
  });

  it('raises nothing for an addressee that does not exist', () => {
    route(4, 0x44, 7);
    ioApic.setInput(4, true);
    expect(intr).toBe(false);
  });
});
