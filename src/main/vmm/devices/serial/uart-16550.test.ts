import { beforeEach, describe, expect, it } from 'vitest';
import { PortBus } from '../../bus/port-bus.js';
import { ManualClock } from '../../time/clock.js';
import { TimerQueue } from '../../time/timers.js';
import { Uart16550 } from './uart-16550.js';

const COM1 = 0x3f8;

let ports: PortBus;
let clock: ManualClock;
let timers: TimerQueue;
let uart: Uart16550;
let irq: boolean;
let edges: number;
let sent: number[];

const out = (register: number, value: number): void => ports.write(COM1 + register, value, 1);
const inb = (register: number): number => ports.read(COM1 + register, 1);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

beforeEach(() => {
  ports = new PortBus();
  clock = new ManualClock();
  timers = new TimerQueue(clock);
  irq = false;
  edges = 0;
  sent = [];
  const line = {
    set: (on: boolean): void => {
      if (on && !irq) edges++;
      irq = on;
    },
  };
  uart = new Uart16550(timers, line, { transmit: (byte) => void sent.push(byte) });
  uart.attach(ports, COM1);
});

/** 115200 8N1, FIFOs on with a trigger of 14, OUT2. */
function open(interrupts: number): void {
  out(3, 0x80);
  out(0, 1);
  out(1, 0);
  out(3, 0x03);
  out(2, 0xc7);
  out(4, 0x0b);
  out(1, interrupts);
}

describe('16550A', () => {
  it('is recognised as a 16550A by its FIFO bits, scratch register and loopback', () => {
    out(7, 0x5a);
    expect(inb(7)).toBe(0x5a);
    out(2, 0x01);
    expect(inb(2) & 0xc0).toBe(0xc0);
    out(4, 0x1a);
    expect(inb(6) & 0xf0).toBe(0x90);
    out(4, 0x10);
    expect(inb(6)).toBe(0x09);
  });

  it('keeps the divisor apart from data and interrupt enable', () => {
    out(1, 0x0f);
    out(3, 0x83);
    out(0, 0x34);
    out(1, 0x12);
    expect([inb(0), inb(1)]).toEqual([0x34, 0x12]);
    out(3, 0x03);
    expect(inb(1)).toBe(0x0f);
    expect(sent).toEqual([]);
  });

  it('sends by polling the line status', () => {
    for (const byte of bytes('hi')) {
      expect(inb(5) & 0x20).toBe(0x20);
      out(0, byte);
    }
    expect(sent).toEqual([...bytes('hi')]);
  });

  it('sends by interrupt: one when enabled, one an edge after each write', () => {
    open(0x02);
    expect(irq).toBe(true);
    expect(inb(2)).toBe(0xc2);
    expect(irq).toBe(false);
    out(0, 1);
    out(0, 2);
    expect(edges).toBe(3);
    expect(inb(2) & 0x0f).toBe(2);
    expect(inb(2) & 0x0f).toBe(1);
  });

  it('interrupts at the trigger level, or after four characters of silence', () => {
    open(0x01);
    uart.receive(bytes('0123456789abcd'));
    expect(inb(2) & 0x0f).toBe(0x04);
    for (let i = 0; i < 14; i++) inb(0);
    expect(irq).toBe(false);
    uart.receive(bytes('x'));
    expect(irq).toBe(false);
    clock.advance((40 * 1e9) / 115_200);
    timers.poll();
    expect(inb(2) & 0x0f).toBe(0x0c);
    expect(inb(0)).toBe(0x78);
    expect(irq).toBe(false);
  });

  it('takes what its FIFO holds and says when there is room again', () => {
    open(0x01);
    let rooms = 0;
    uart.onRoom(() => rooms++);
    expect(uart.receive(bytes('a'.repeat(40)))).toBe(16);
    expect(uart.receive(bytes('b'))).toBe(0);
    for (let i = 0; i < 16; i++) inb(0);
    expect(rooms).toBe(1);
    expect(inb(5) & 1).toBe(0);
  });

  it('holds one byte without FIFO', () => {
    expect(uart.receive(bytes('ab'))).toBe(1);
    expect(inb(5) & 1).toBe(1);
  });

  it('loops back what it sends, reports overrun, and lets nothing out', () => {
    open(0x04);
    out(4, 0x1b);
    for (let i = 0; i < 17; i++) out(0, i);
    expect(sent).toEqual([]);
    expect(inb(5)).toBe(0x63);
    expect(inb(5)).toBe(0x61);
    expect(inb(0)).toBe(0);
  });

  it('keeps its interrupt off the bus without OUT2', () => {
    open(0x02);
    out(4, 0x03);
    expect(irq).toBe(false);
    out(4, 0x0b);
    expect(irq).toBe(true);
  });

  it('reports modem line changes once', () => {
    open(0x08);
    out(4, 0x10);
    out(4, 0x0b);
    expect(inb(6) & 0x0f).not.toBe(0);
    expect(inb(6) & 0x0f).toBe(0);
  });

  it('is the same after its state went through a snapshot', () => {
    open(0x01);
    uart.receive(bytes('abc'));
    const saved = structuredClone(uart.saveState());
    uart.reset();
    uart.loadState(saved);
    clock.advance(1e6);
    timers.poll();
    expect(irq).toBe(true);
    expect([inb(0), inb(0), inb(0)]).toEqual([...bytes('abc')]);
  });
});
