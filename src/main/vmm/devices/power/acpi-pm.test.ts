import { beforeEach, describe, expect, it } from 'vitest';
import { PortBus } from '../../bus/port-bus.js';
import { ManualClock } from '../../time/clock.js';
import { TimerQueue } from '../../time/timers.js';
import { AcpiPm } from './acpi-pm.js';

const BASE = 0x600;

let ports: PortBus;
let clock: ManualClock;
let timers: TimerQueue;
let pm: AcpiPm;
let sci: boolean;
let off: number;

const out = (offset: number, value: number, size: 1 | 2 | 4 = 2): void => ports.write(BASE + offset, value, size);
const inp = (offset: number, size: 1 | 2 | 4 = 2): number => ports.read(BASE + offset, size);

function pass(ns: number): void {
  clock.advance(ns);
  timers.poll();
}

beforeEach(() => {
  ports = new PortBus();
  clock = new ManualClock();
  timers = new TimerQueue(clock);
  sci = false;
  off = 0;
  pm = new AcpiPm(timers, { sci: { set: (on) => (sci = on) }, powerOff: () => off++ });
  ports.map(BASE, 64, pm.handler);
});

describe('ACPI power management', () => {
  it('counts at 3.579545 MHz in 24 bits', () => {
    pass(1e9);
    expect(inp(8, 4)).toBe(3_579_545);
    pass(9e9);
    expect(inp(8, 4)).toBe(35_795_450 % 2 ** 24);
    expect(inp(9, 1)).toBe((35_795_450 >> 8) & 0xff);
  });

  it('reports the power button by SCI until the status bit is cleared', () => {
    pm.pressPowerButton();
    expect([sci, inp(0)]).toEqual([false, 0x100]);
    out(2, 0x100);
    expect(sci).toBe(true);
    out(0, 0x100);
    expect([sci, inp(0)]).toEqual([false, 0]);
  });

  it('clears nothing by writing zeros, and only the byte written', () => {
    pm.pressPowerButton();
    out(0, 0, 2);
    out(0, 0xff, 1);
    expect(inp(0)).toBe(0x100);
    out(1, 0x01, 1);
    expect(inp(0)).toBe(0);
  });

  it('powers off on S5 as Linux enters it: type first, then type and enable', () => {
    out(4, 0x0000);
    expect(off).toBe(0);
    out(4, 0x2000);
    expect(off).toBe(1);
    expect(inp(4) & 1).toBe(1);
  });

  it('wakes at once from a sleep it does not offer', () => {
    out(4, 0x2400);
    expect(off).toBe(0);
    expect(inp(0)).toBe(0x8000);
  });

  it('interrupts when the top bit of the timer changes, if enabled', () => {
    out(2, 0x01);
    pass(2.3e9);
    expect(sci).toBe(false);
    pass(0.1e9);
    expect([sci, inp(0)]).toEqual([true, 1]);
    out(0, 1);
    expect(sci).toBe(false);
    pass(2.35e9);
    expect(sci).toBe(true);
  });

  it('is the same after its state went through a snapshot', () => {
    out(2, 0x100);
    pm.pressPowerButton();
    const saved = structuredClone(pm.saveState());
    pm.reset();
    expect(sci).toBe(false);
    pm.loadState(saved);
    expect([sci, inp(2)]).toEqual([true, 0x100]);
  });
});
