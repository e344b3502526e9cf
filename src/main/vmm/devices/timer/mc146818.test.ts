import { beforeEach, describe, expect, it } from 'vitest';
import { PortBus } from '../../bus/port-bus.js';
import { ManualClock } from '../../time/clock.js';
import { TimerQueue } from '../../time/timers.js';
import { Mc146818 } from './mc146818.js';

/** 2024-02-28T23:59:58Z, a Wednesday. */
const START_MS = 1_709_164_798_000;

let ports: PortBus;
let clock: ManualClock;
let timers: TimerQueue;
let rtc: Mc146818;
let irq: boolean;
let interrupts: number;

function read(register: number): number {
  ports.write(0x70, register, 1);
  return ports.read(0x71, 1);
}

function write(register: number, value: number): void {
  ports.write(0x70, register, 1);
  ports.write(0x71, value, 1);
}

function pass(ms: number): void {
  clock.advance(ms * 1e6);
  timers.poll();
}

const clockRegisters = (): number[] => [0x32, 9, 8, 7, 4, 2, 0].map(read);

beforeEach(() => {
  ports = new PortBus();
  clock = new ManualClock();
  timers = new TimerQueue(clock);
  irq = false;
  interrupts = 0;
  rtc = new Mc146818(timers, () => START_MS + clock.nowNs() / 1e6, {
    set: (on) => {
      if (on && !irq) interrupts++;
      irq = on;
    },
  });
  rtc.attach(ports);
  rtc.reset();
});

describe('MC146818', () => {
  it('shows the host time in BCD and carries it over a leap day', () => {
    expect(clockRegisters()).toEqual([0x20, 0x24, 0x02, 0x28, 0x23, 0x59, 0x58]);
    expect(read(6)).toBe(4);
    pass(2000);
    expect(clockRegisters()).toEqual([0x20, 0x24, 0x02, 0x29, 0x00, 0x00, 0x00]);
  });

  it('shows binary and 12-hour formats', () => {
    write(0x0b, 0x04);
    expect(read(4)).toBe(0x80 | 11);
    expect(read(0)).toBe(58);
    pass(2000);
    expect(read(4)).toBe(12);
  });

  it('lets a driver that waits for the update flag read a consistent time', () => {
    let waited = 0;
    while (!(read(0x0a) & 0x80)) {
      pass(0.1);
      waited++;
    }
    expect(waited).toBeGreaterThan(9000);
    while (read(0x0a) & 0x80) pass(0.1);
    expect(read(0)).toBe(0x59);
  });

  it('is set as Linux sets it: SET, divider reset, registers, restart half a second before the update', () => {
    const control = read(0x0b);
    const divider = read(0x0a);
    write(0x0b, control | 0x80);
    write(0x0a, divider | 0x70);
    for (const [register, value] of [[9, 0x99], [0x32, 0x19], [8, 0x12], [7, 0x31], [4, 0x23], [2, 0x59], [0, 0x59]]) {
      write(register!, value!);
    } // prettier-ignore
    pass(5000);
    expect(read(0)).toBe(0x59);
    write(0x0b, control);
    write(0x0a, divider);
    pass(499);
    expect(clockRegisters()).toEqual([0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59]);
    pass(1);
    expect(clockRegisters()).toEqual([0x20, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00]);
  });

  it('takes a single register written while it runs', () => {
    write(4, 0x12);
    pass(1000);
    expect(clockRegisters()).toEqual([0x20, 0x24, 0x02, 0x28, 0x12, 0x59, 0x59]);
  });

  it('interrupts at each update, and holds the line until register C is read', () => {
    write(0x05, 0x12);
    write(0x0b, 0x12);
    pass(1000);
    pass(1000);
    expect([irq, interrupts]).toEqual([true, 1]);
    expect(read(0x0c)).toBe(0x90);
    expect(irq).toBe(false);
    expect(read(0x0c)).toBe(0);
    pass(1000);
    expect(interrupts).toBe(2);
  });

  it('rings the alarm, with don’t-care fields', () => {
    write(0x05, 0xc0);
    write(0x03, 0xff);
    write(0x01, 0x03);
    write(0x0b, 0x22);
    pass(4000);
    expect(irq).toBe(false);
    pass(1000);
    expect(read(0x0c)).toBe(0xb0);
  });

  it('interrupts periodically at the rate of register A', () => {
    write(0x0b, 0x42);
    for (let i = 0; i < 1024; i++) {
      pass(1000 / 1024);
      if (irq) read(0x0c);
    }
    expect(interrupts).toBe(1024);
    write(0x0a, 0x2f);
    pass(499);
    read(0x0c);
    interrupts = 0;
    pass(1);
    expect(interrupts).toBe(1);
  });

  it('keeps memory and the extended bank, and loses neither on reset', () => {
    write(0x40, 0x5a);
    ports.write(0x72, 0x10, 1);
    ports.write(0x73, 0xa5, 1);
    rtc.reset();
    expect(read(0x40)).toBe(0x5a);
    expect(ports.read(0x73, 1)).toBe(0xa5);
  });

  it('does not throw on a date that is none', () => {
    for (let register = 0; register < 10; register++) write(register, 0xff);
    write(0x32, 0xff);
    pass(3000);
    expect(clockRegisters().every((value) => value >= 0 && value <= 0xff)).toBe(true);
  });

  it('is the same after its state went through a snapshot', () => {
    write(4, 0x05);
    write(0x0b, 0x12);
    const saved = structuredClone(rtc.saveState());
    write(4, 0x17);
    rtc.reset();
    rtc.loadState(saved);
    pass(1000);
    expect(read(4)).toBe(0x05);
    expect(interrupts).toBe(1);
  });

  it('shows the time of the host, with what the guest set it off by, however long its state was kept', () => {
    write(4, 0x05);
    const saved = structuredClone(rtc.saveState());
    const hours = (read(4) - 0x05 + 24) % 24;
    pass(3 * 3_600_000);
    rtc.loadState(saved);
    expect([hours, read(4), read(2)]).toEqual([0, 0x08, 0x59]);
  });
});
