import { beforeEach, describe, expect, it } from 'vitest';
import { PortBus } from '../../bus/port-bus.js';
import { PicPair } from './pic-pair.js';

let ports: PortBus;
let pic: PicPair;
let intr: boolean;

const out = (port: number, value: number): void => ports.write(port, value, 1);
const inb = (port: number): number => ports.read(port, 1);

beforeEach(() => {
  ports = new PortBus();
  intr = false;
  pic = new PicPair((asserted) => (intr = asserted));
  pic.attach(ports);
});

/** As Linux's init_8259A (arch/x86/kernel/i8259.c) does, vectors 30h and 38h. */
function initialise(autoEoi = false): void {
  out(0x21, 0xff);
  out(0xa1, 0xff);
  out(0x20, 0x11);
  out(0x21, 0x30);
  out(0x21, 0x04);
  out(0x21, autoEoi ? 0x03 : 0x01);
  out(0xa0, 0x11);
  out(0xa1, 0x38);
  out(0xa1, 0x02);
  out(0xa1, 0x01);
  out(0x21, 0x00);
  out(0xa1, 0x00);
}

const pulse = (irq: number): void => {
  pic.setInput(irq, true);
  pic.setInput(irq, false);
};

describe('8259A pair', () => {
  it('serves a timer tick as DOS does: vector, service bit, non-specific EOI', () => {
    out(0x20, 0x11);
    out(0x21, 0x08);
    out(0x21, 0x04);
    out(0x21, 0x01);
    out(0x21, 0xbc);
    pulse(0);
    expect(intr).toBe(true);
    expect(pic.acknowledge()).toBe(0x08);
    expect(intr).toBe(false);
    out(0x20, 0x0b);
    expect(inb(0x20)).toBe(0x01);
    out(0x20, 0x20);
    expect(inb(0x20)).toBe(0x00);
  });

  it('keeps its mask register readable', () => {
    initialise();
    out(0x21, 0xfb);
    expect(inb(0x21)).toBe(0xfb);
    pulse(0);
    expect(intr).toBe(false);
    out(0x21, 0xfa);
    expect(pic.acknowledge()).toBe(0x30);
  });

  it('cascades the slave and needs an EOI at both', () => {
    initialise();
    pulse(8);
    expect(pic.acknowledge()).toBe(0x38);
    pulse(12);
    expect(intr).toBe(false);
    out(0xa0, 0x60);
    out(0x20, 0x62);
    expect(intr).toBe(true);
    expect(pic.acknowledge()).toBe(0x3c);
  });

  it('lets a higher interrupt of the master through while the slave is served', () => {
    initialise();
    pulse(14);
    pic.acknowledge();
    pulse(1);
    expect(pic.acknowledge()).toBe(0x31);
    pulse(3);
    expect(intr).toBe(false);
  });

  it('nests a higher slave interrupt in special fully nested mode only', () => {
    initialise();
    pulse(14);
    pic.acknowledge();
    pulse(9);
    expect(intr).toBe(false);
    out(0x20, 0x11);
    out(0x21, 0x30);
    out(0x21, 0x04);
    out(0x21, 0x11);
    out(0x21, 0x00);
    pulse(9);
    expect(pic.acknowledge()).toBe(0x39);
  });

  it('reports the spurious interrupts 7 and 15 when a level request goes away', () => {
    initialise();
    out(0x4d0, 0x20);
    out(0x4d1, 0x04);
    pic.setInput(5, true);
    pic.setInput(5, false);
    expect(pic.acknowledge()).toBe(0x37);
    out(0x20, 0x0b);
    expect(inb(0x20)).toBe(0);
    pic.setInput(10, true);
    expect(pic.acknowledge()).toBe(0x3a);
  });

  it('withdraws its request when the slave does', () => {
    initialise();
    pulse(15);
    out(0xa1, 0xff);
    expect(intr).toBe(false);
    out(0xa1, 0x00);
    expect(pic.acknowledge()).toBe(0x3f);
  });

  it('repeats a level-triggered interrupt until its line falls', () => {
    initialise();
    out(0x4d1, 0x08);
    expect(inb(0x4d1)).toBe(0x08);
    pic.setInput(11, true);
    for (let i = 0; i < 2; i++) {
      expect(pic.acknowledge()).toBe(0x3b);
      out(0xa0, 0x63);
      out(0x20, 0x62);
    }
    pic.setInput(11, false);
    expect(intr).toBe(false);
  });

  it('does not let the timer or the cascade become level-triggered', () => {
    out(0x4d0, 0xff);
    out(0x4d1, 0xff);
    expect([inb(0x4d0), inb(0x4d1)]).toEqual([0xf8, 0xde]);
  });

  it('rotates priorities on EOI', () => {
    initialise();
    pulse(4);
    pic.acknowledge();
    out(0x20, 0xa0);
    pulse(4);
    pulse(6);
    expect(pic.acknowledge()).toBe(0x36);
  });

  it('sets the lowest priority by command', () => {
    initialise();
    out(0x20, 0xc0 | 3);
    pulse(1);
    pulse(6);
    expect(pic.acknowledge()).toBe(0x36);
  });

  it('serves lower interrupts in special mask mode', () => {
    initialise();
    pulse(3);
    pic.acknowledge();
    out(0x21, 0x08);
    pulse(7);
    expect(intr).toBe(false);
    out(0x20, 0x68);
    expect(pic.acknowledge()).toBe(0x37);
    out(0x20, 0x20);
    out(0x20, 0x0b);
    expect(inb(0x20)).toBe(0x08);
  });

  it('needs no EOI in automatic mode, and rotates there if told to', () => {
    initialise(true);
    out(0x20, 0x80);
    pulse(2 + 1);
    expect(pic.acknowledge()).toBe(0x33);
    pulse(3);
    pulse(5);
    expect(pic.acknowledge()).toBe(0x35);
    expect(pic.acknowledge()).toBe(0x33);
  });

  it('answers the poll command', () => {
    initialise();
    pulse(4);
    out(0x20, 0x0c);
    expect(inb(0x20)).toBe(0x84);
    out(0x20, 0x0c);
    expect(inb(0x20)).toBe(0x00);
  });

  it('is the same after its state went through a snapshot', () => {
    initialise();
    pulse(1);
    pic.setInput(10, true);
    const other = new PicPair((asserted) => (intr = asserted));
    other.loadState(structuredClone(pic.saveState()));
    expect(intr).toBe(true);
    expect(other.acknowledge()).toBe(0x31);
    out(0x20, 0x20);
    expect(other.saveState().slave).toEqual(pic.saveState().slave);
  });
});
