import { beforeEach, describe, expect, it } from 'vitest';
import { PortBus } from '../../bus/port-bus.js';
import { ManualClock } from '../../time/clock.js';
import { TimerQueue } from '../../time/timers.js';
import { I8254 } from './i8254.js';
import { NS_PER_PIT_TICK } from './pit-counter.js';
import { SystemControlPort } from './system-control-port.js';

let ports: PortBus;
let clock: ManualClock;
let timers: TimerQueue;
let pit: I8254;
let interrupts: number[];

const out = (port: number, value: number): void => ports.write(port, value, 1);
const inb = (port: number): number => ports.read(port, 1);
const ticks = (count: number): void => {
  clock.advance(count * NS_PER_PIT_TICK);
  timers.poll();
};

function load(channel: number, mode: number, count: number, bcd = 0): void {
  out(0x43, (channel << 6) | 0x30 | (mode << 1) | bcd);
  out(0x40 + channel, count & 0xff);
  out(0x40 + channel, count >> 8);
}

function readLatched(channel: number): number {
  out(0x43, channel << 6);
  return inb(0x40 + channel) | (inb(0x40 + channel) << 8);
}

beforeEach(() => {
  ports = new PortBus();
  clock = new ManualClock();
  timers = new TimerQueue(clock);
  interrupts = [];
  pit = new I8254(timers, { set: (on) => on && interrupts.push(Math.round(clock.nowNs() / NS_PER_PIT_TICK)) });
  pit.attach(ports);
  new SystemControlPort(clock, pit).attach(ports);
});

describe('8254', () => {
  it('calibrates a processor as Linux does: channel 2 in mode 0, gated, polled at port 61h', () => {
    out(0x61, (inb(0x61) & ~0x02) | 0x01);
    load(2, 0, 59_659);
    let polls = 0;
    while (!(inb(0x61) & 0x20)) {
      ticks(100);
      polls++;
    }
    expect(polls).toBe(597);
  });

  it('delivers a one-shot that is over before its programming is', () => {
    const slow = {
      nowNs: () => {
        clock.advance(20_000);
        return clock.nowNs();
      },
    };
    const queue = new TimerQueue(slow);
    const bus = new PortBus();
    let rises = 0;
    new I8254(queue, { set: (on) => on && rises++ }).attach(bus);
    bus.write(0x43, 0x38, 1);
    bus.write(0x40, 15, 1);
    bus.write(0x40, 0, 1);
    queue.poll();
    queue.poll();
    expect(rises).toBe(1);
  });

  it('delivers a rise that was due before the next count is written', () => {
    load(0, 4, 1000);
    clock.advance(1500 * NS_PER_PIT_TICK);
    load(0, 4, 1000);
    expect(interrupts).toHaveLength(1);
    ticks(1001);
    expect(interrupts).toHaveLength(2);
  });

  it('ticks at 100 Hz in mode 2', () => {
    load(0, 2, 11_932);
    for (let i = 0; i < 4; i++) ticks(11_932);
    expect(interrupts).toEqual([11_932, 23_864, 35_796, 47_728]);
  });

  it('makes one interrupt of the periods a late host missed and keeps the phase', () => {
    load(0, 2, 1000);
    ticks(3500);
    expect(interrupts).toEqual([3500]);
    ticks(500);
    expect(interrupts).toEqual([3500, 4000]);
  });

  it('counts 65536 for a count of 0: the 18.2 Hz of DOS', () => {
    load(0, 3, 0);
    ticks(65_536);
    expect(interrupts).toEqual([65_536]);
  });

  it('interrupts once on terminal count', () => {
    load(0, 0, 500);
    ticks(500);
    ticks(70_000);
    expect(interrupts).toEqual([500]);
  });

  it('keeps counting down past zero in mode 0', () => {
    load(0, 0, 10);
    ticks(12);
    expect(readLatched(0)).toBe(0xfffe);
  });

  it('counts down by twos in mode 3, and shows the wave at OUT 2', () => {
    out(0x61, 0x01);
    load(2, 3, 100);
    ticks(10);
    expect(readLatched(2)).toBe(80);
    expect(inb(0x61) & 0x20).toBe(0x20);
    ticks(45);
    expect(inb(0x61) & 0x20).toBe(0);
    expect(readLatched(2)).toBe(90);
  });

  it('counts in BCD', () => {
    load(1, 2, 0x0100, 1);
    ticks(1);
    expect(readLatched(1)).toBe(0x0099);
    ticks(98);
    expect(readLatched(1)).toBe(0x0001);
  });

  it('holds a latched count until both bytes are read', () => {
    load(1, 2, 5000);
    out(0x43, 0x40);
    ticks(10);
    out(0x43, 0x40);
    expect(inb(0x41) | (inb(0x41) << 8)).toBe(5000);
    expect(readLatched(1)).toBe(4990);
  });

  it('reads back status and count of several channels with one command', () => {
    load(0, 2, 4000);
    load(1, 3, 3000);
    ticks(1);
    out(0x43, 0xc6);
    expect(inb(0x40)).toBe(0x80 | 0x34);
    expect(inb(0x40) | (inb(0x40) << 8)).toBe(3999);
    expect(inb(0x41)).toBe(0x80 | 0x36);
    expect(inb(0x41) | (inb(0x41) << 8)).toBe(2998);
  });

  it('tells by null count that a count is not in effect yet', () => {
    out(0x43, 0x34);
    out(0x43, 0xe2);
    expect(inb(0x40) & 0x40).toBe(0x40);
    load(0, 2, 100);
    out(0x43, 0xe2);
    expect(inb(0x40) & 0x40).toBe(0);
    out(0x40, 50);
    out(0x40, 0);
    out(0x43, 0xe2);
    expect(inb(0x40) & 0x40).toBe(0x40);
    ticks(100);
    out(0x43, 0xe2);
    expect(inb(0x40) & 0x40).toBe(0);
    expect(readLatched(0)).toBe(50);
  });

  it('reads and writes single bytes where told to', () => {
    out(0x43, 0x14);
    out(0x40, 0x80);
    expect(inb(0x40)).toBe(0x80);
    out(0x43, 0x24);
    out(0x40, 0x12);
    expect(inb(0x40)).toBe(0x12);
  });

  it('stops with the gate in mode 0 and goes on with it', () => {
    out(0x61, 1);
    load(2, 0, 1000);
    ticks(400);
    out(0x61, 0);
    ticks(5000);
    expect(readLatched(2)).toBe(600);
    out(0x61, 1);
    ticks(600);
    expect(inb(0x61) & 0x20).toBe(0x20);
  });

  it('starts a one-shot of mode 1 at each rise of the gate', () => {
    load(2, 1, 50);
    expect(inb(0x61) & 0x20).toBe(0x20);
    for (let i = 0; i < 2; i++) {
      out(0x61, 1);
      expect(inb(0x61) & 0x20).toBe(0);
      ticks(50);
      expect(inb(0x61) & 0x20).toBe(0x20);
      out(0x61, 0);
    }
  });

  it('strobes for one clock in modes 4 and 5', () => {
    out(0x61, 1);
    load(2, 4, 20);
    ticks(20);
    expect(inb(0x61) & 0x20).toBe(0);
    ticks(1);
    expect(inb(0x61) & 0x20).toBe(0x20);
    out(0x61, 0);
    load(2, 5, 20);
    out(0x61, 1);
    ticks(20);
    expect(inb(0x61) & 0x20).toBe(0);
  });

  it('toggles the refresh bit about every 15 microseconds', () => {
    let edges = 0;
    let last = inb(0x61) & 0x10;
    for (let us = 0; us < 1000; us++) {
      clock.advance(1000);
      const now = inb(0x61) & 0x10;
      if (now !== last) edges++;
      last = now;
    }
    expect(edges).toBe(66);
  });

  it('is the same after its state went through a snapshot', () => {
    load(0, 2, 1000);
    ticks(300);
    const saved = structuredClone(pit.saveState());
    pit.reset();
    ticks(100);
    pit.loadState(saved);
    ticks(600);
    expect(interrupts).toEqual([1000]);
  });
});
