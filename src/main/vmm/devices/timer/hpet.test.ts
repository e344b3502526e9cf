import { beforeEach, describe, expect, it } from 'vitest';
import { MmioBus } from '../../bus/mmio-bus.js';
import { ManualClock } from '../../time/clock.js';
import { TimerQueue } from '../../time/timers.js';
import { Hpet, HPET_PERIOD_FS } from './hpet.js';

const BASE = 0xfed0_0000;
const NS_PER_TICK = HPET_PERIOD_FS / 1e6;

let mmio: MmioBus;
let clock: ManualClock;
let timers: TimerQueue;
let hpet: Hpet;
let events: string[];
let levels: Map<string, boolean>;
let legacy: boolean;

const read = (register: number): number => mmio.read(BASE + register, 4);
const write = (register: number, value: number): void => mmio.write(BASE + register, value, 4);

function ticks(count: number): void {
  clock.advance(count * NS_PER_TICK);
  timers.poll();
}

function line(name: string): { set(on: boolean): void } {
  return {
    set: (on) => {
      if (on && !levels.get(name)) events.push(name);
      levels.set(name, on);
    },
  };
}

beforeEach(() => {
  mmio = new MmioBus();
  clock = new ManualClock();
  timers = new TimerQueue(clock);
  events = [];
  levels = new Map();
  legacy = false;
  hpet = new Hpet(timers, {
    ioApic: (pin) => line(`pin${pin}`),
    legacy: [line('irq0'), line('irq8')],
    legacyReplacement: (on) => (legacy = on),
  });
  hpet.attach(mmio);
});

describe('HPET', () => {
  it('describes itself and stands still until enabled', () => {
    expect(read(0)).toBe(0x8086_8201);
    expect(read(4)).toBe(69_841_279);
    ticks(100);
    expect(read(0xf0)).toBe(0);
    write(0x10, 1);
    ticks(100);
    expect(read(0xf0)).toBe(100);
    write(0x10, 0);
    ticks(100);
    expect(read(0xf0)).toBe(100);
  });

  it('delivers a match that is due before a register is written', () => {
    write(0x100, 0x0004);
    write(0x108, 1000);
    write(0x10, 3);
    clock.advance(2000 * NS_PER_TICK);
    write(0x10, 3);
    write(0x100, 0x0004);
    timers.poll();
    expect(events).toEqual(['irq0']);
  });

  it('ticks periodically on IRQ 0 as Linux programs it', () => {
    write(0x10, 0);
    write(0xf0, 0);
    write(0x10, 3);
    expect(legacy).toBe(true);
    write(0x100, 0x004c);
    write(0x108, read(0xf0) + 14_318);
    write(0x108, 14_318);
    for (let i = 0; i < 3; i++) ticks(14_318);
    expect(events).toEqual(['irq0', 'irq0', 'irq0']);
    expect(read(0x108)).toBe(4 * 14_318);
  });

  it('fires a one-shot comparator on the I/O APIC, again only after the counter went round', () => {
    write(0x10, 1);
    write(0x120, 0x0004 | (21 << 9));
    write(0x128, read(0xf0) + 500);
    ticks(500);
    ticks(5000);
    expect(events).toEqual(['pin21']);
    ticks(2 ** 32);
    expect(events).toEqual(['pin21', 'pin21']);
  });

  it('holds a level interrupt until its status bit is written', () => {
    write(0x10, 1);
    write(0x140, 0x0006 | (22 << 9));
    write(0x148, 50);
    ticks(50);
    expect([levels.get('pin22'), read(0x20)]).toEqual([true, 4]);
    write(0x20, 4);
    expect([levels.get('pin22'), read(0x20)]).toEqual([false, 0]);
  });

  it('keeps silent with its interrupt disabled or routed to an input it cannot use', () => {
    write(0x10, 1);
    write(0x100, 20 << 9);
    write(0x108, 10);
    write(0x120, 0x0004 | (3 << 9));
    write(0x128, 10);
    ticks(20);
    expect(events).toEqual([]);
  });

  it('makes one interrupt of the periods a late host missed', () => {
    write(0x10, 3);
    write(0x100, 0x004c);
    write(0x108, 100);
    write(0x108, 100);
    ticks(1050);
    ticks(50);
    expect(events).toEqual(['irq0', 'irq0']);
  });

  it('is the same after its state went through a snapshot', () => {
    write(0x10, 3);
    write(0x100, 0x004c);
    write(0x108, 100);
    write(0x108, 100);
    ticks(60);
    const saved = structuredClone(hpet.saveState());
    hpet.reset();
    hpet.loadState(saved);
    expect(legacy).toBe(true);
    ticks(40);
    expect(events).toEqual(['irq0']);
  });
});
