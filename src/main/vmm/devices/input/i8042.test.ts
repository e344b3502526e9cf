import { beforeEach, describe, expect, it } from 'vitest';
import { KEY_CODES } from '../../../../shared/contract/input.js';
import { PortBus } from '../../bus/port-bus.js';
import { A20Gate } from '../../memory/a20-gate.js';
import { I8042 } from './i8042.js';
import { Ps2Keyboard } from './ps2-keyboard.js';
import { Ps2Mouse } from './ps2-mouse.js';

let ports: PortBus;
let keyboard: Ps2Keyboard;
let mouse: Ps2Mouse;
let controller: I8042;
let a20: A20Gate;
let irqs: { keyboard: number; aux: number };
let resets: number;

const out = (port: number, value: number): void => ports.write(port, value, 1);
const inb = (port: number): number => ports.read(port, 1);

function make(): void {
  ports = new PortBus();
  keyboard = new Ps2Keyboard();
  mouse = new Ps2Mouse();
  a20 = new A20Gate(() => undefined);
  controller = new I8042(keyboard, mouse, {
    keyboardIrq: { set: (on) => on && irqs.keyboard++ },
    auxIrq: { set: (on) => on && irqs.aux++ },
    a20,
    requestReset: () => resets++,
  });
  controller.attach(ports);
}

beforeEach(() => {
  irqs = { keyboard: 0, aux: 0 };
  resets = 0;
  make();
});

/** Everything in the output buffer, as Linux's i8042_flush reads it; bytes of the mouse are marked 100h. */
function flush(): number[] {
  const bytes: number[] = [];
  for (let status = inb(0x64); status & 1; status = inb(0x64)) bytes.push(inb(0x60) | (status & 0x20 ? 0x100 : 0));
  return bytes;
}

function command(code: number, ...parameters: number[]): number[] {
  out(0x64, code);
  for (const parameter of parameters) out(0x60, parameter);
  return flush();
}

function toKeyboard(...bytes: number[]): number[] {
  return bytes.flatMap((byte) => {
    out(0x60, byte);
    return flush();
  });
}

function toMouse(...bytes: number[]): number[] {
  return bytes.flatMap((byte) => command(0xd4, byte).map((answer) => answer & 0xff));
}

function press(...codes: (typeof KEY_CODES)[number][]): number[] {
  return codes.flatMap((code) => {
    keyboard.key(code, true);
    return flush();
  });
}

describe('i8042', () => {
  it('passes the probe of Linux’s i8042 driver', () => {
    expect(flush()).toEqual([]);
    const [ctr] = command(0x20);
    expect(command(0x20)).toEqual([ctr]);
    command(0x60, (ctr! | 0x10) & ~1);
    expect(command(0xaa)).toEqual([0x55]);
    // Loopback of the aux port, then its disable and enable as seen in the command byte.
    expect(command(0xd3, 0x5a)).toEqual([0x15a]);
    command(0xa7);
    expect(command(0x20)[0]! & 0x20).toBe(0x20);
    command(0xa8);
    expect(command(0x20)[0]! & 0x20).toBe(0);
    // No multiplexing controller: the magic sequence comes back unchanged.
    for (const byte of [0xf0, 0x56, 0xa4]) expect(command(0xd3, byte)).toEqual([0x100 | byte]);
    // The aux interrupt test.
    command(0x60, 0x46);
    irqs.aux = 0;
    out(0x64, 0xd3);
    out(0x60, 0xa5);
    expect(irqs.aux).toBe(1);
    expect(flush()).toEqual([0x1a5]);
    expect(toKeyboard(0xf2)).toEqual([0xfa, 0xab, 0x41]);
  });

  it('raises IRQ 1 once for each byte and only when enabled', () => {
    command(0x60, 0x64);
    keyboard.key('ArrowUp', true);
    expect(irqs.keyboard).toBe(0);
    flush();
    command(0x60, 0x65);
    keyboard.key('ArrowUp', false);
    expect(irqs.keyboard).toBe(1);
    expect([inb(0x60), irqs.keyboard, inb(0x60), irqs.keyboard]).toEqual([0xe0, 2, 0xc8, 2]);
  });

  it('gives the last byte again when there is no new one', () => {
    command(0xae);
    press('KeyA');
    expect(inb(0x60)).toBe(0x1e);
    expect(inb(0x64) & 1).toBe(0);
  });

  it('holds a disabled device’s bytes back and loses none of them to commands', () => {
    command(0xad);
    keyboard.key('KeyA', true);
    keyboard.key('KeyA', false);
    expect(flush()).toEqual([]);
    out(0x64, 0xae);
    out(0x64, 0x20);
    expect(flush()[0]).toBe(0x1e);
    expect(flush()).toEqual([]);
  });

  it('switches A20 by output port and by command, and shows it', () => {
    command(0xd1, 0xdd);
    expect(a20.enabled).toBe(false);
    expect(command(0xd0)[0]! & 2).toBe(0);
    command(0xdf);
    expect(a20.enabled).toBe(true);
    expect(command(0xd0)[0]! & 2).toBe(2);
    command(0xdd);
    expect(a20.enabled).toBe(false);
  });

  it('resets the processor on a pulse of bit 0 and on a zero in the output port', () => {
    command(0xf0 | 0x0f);
    expect(resets).toBe(0);
    command(0xfe);
    command(0xd1, 0xfe);
    expect(resets).toBe(2);
  });

  it('stores what it knows nothing about', () => {
    command(0x60 + 5, 0x77);
    expect(command(0x20 + 5)).toEqual([0x77]);
    expect(command(0xab)).toEqual([0]);
    expect(command(0x01)).toEqual([]);
  });

  it('is the same after its state went through a snapshot', () => {
    command(0x60, 0x65);
    keyboard.key('ControlRight', true);
    const saved = structuredClone({ c: controller.saveState(), k: keyboard.saveState(), m: mouse.saveState() });
    make();
    keyboard.loadState(saved.k);
    mouse.loadState(saved.m);
    controller.loadState(saved.c);
    expect(flush()).toEqual([0xe0, 0x1d]);
    keyboard.key('ControlRight', false);
    expect(flush()).toEqual([0xe0, 0x9d]);
  });
});

describe('keyboard', () => {
  beforeEach(() => {
    command(0x60, 0x45);
    expect(toKeyboard(0xff)).toEqual([0xfa, 0xaa]);
  });

  it('speaks raw set 2 without translation, and its own set 1', () => {
    command(0x60, 0x05);
    expect(press('KeyA', 'F7', 'Delete')).toEqual([0x1c, 0x83, 0xe0, 0x71]);
    keyboard.key('Delete', false);
    expect(flush()).toEqual([0xe0, 0xf0, 0x71]);
    expect(toKeyboard(0xf0, 0x01, 0xf0, 0x00)).toEqual([0xfa, 0xfa, 0xfa, 0xfa, 0x01]);
    keyboard.key('ArrowLeft', true);
    keyboard.key('ArrowLeft', false);
    expect(flush()).toEqual([0xe0, 0x4b, 0xe0, 0xcb]);
  });

  it('gives every key a make code of its own in set 1', () => {
    const seen = new Map<string, string>();
    for (const code of KEY_CODES) {
      const make = press(code).join(' ');
      expect(make, code).not.toBe('');
      expect(seen.get(make), `${code} and`).toBeUndefined();
      seen.set(make, code);
      keyboard.key(code, false);
      flush();
    }
  });

  it('sends the sequences of Pause and Print Screen as the modifiers ask', () => {
    expect(press('Pause')).toEqual([0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]);
    keyboard.key('Pause', false);
    expect(flush()).toEqual([]);
    expect(press('PrintScreen')).toEqual([0xe0, 0x2a, 0xe0, 0x37]);
    keyboard.key('PrintScreen', false);
    expect(flush()).toEqual([0xe0, 0xb7, 0xe0, 0xaa]);
    press('AltLeft');
    expect(press('PrintScreen')).toEqual([0x54]);
    keyboard.key('AltLeft', false);
    flush();
    press('ControlLeft');
    expect(press('Pause')).toEqual([0xe0, 0x46, 0xe0, 0xc6]);
  });

  it('sets and shows the LEDs', () => {
    expect(toKeyboard(0xed, 0x06)).toEqual([0xfa, 0xfa]);
    expect(keyboard.leds).toEqual({ caps: true, num: true, scroll: false });
  });

  it('answers echo, resend, set 3 and nonsense', () => {
    command(0x60, 0x05);
    expect(toKeyboard(0xee, 0xfe)).toEqual([0xee, 0xee]);
    expect(toKeyboard(0xf0, 0x03)).toEqual([0xfa, 0xfe]);
    expect(toKeyboard(0x12)).toEqual([0xfe]);
  });

  it('is silent while disabled and answers all the same', () => {
    toKeyboard(0xf5);
    expect(press('KeyA')).toEqual([]);
    expect(toKeyboard(0xf4)).toEqual([0xfa]);
    expect(press('KeyB')).toEqual([0x30]);
  });

  it('tells a full buffer by an overrun code and still answers commands', () => {
    command(0x60, 0x05);
    for (let i = 0; i < 200; i++) keyboard.key('KeyA', true);
    out(0x60, 0xee);
    const bytes = flush();
    expect(bytes.length).toBeLessThan(140);
    expect(bytes).toContain(0x00);
    expect(bytes.at(-1)).toBe(0xee);
  });

  it('sends no release of a key the guest never saw go down', () => {
    keyboard.key('KeyQ', false);
    expect(flush()).toEqual([]);
  });
});

describe('mouse', () => {
  const packet = (): number[] => flush().map((byte) => byte & 0xff);

  beforeEach(() => {
    command(0xa8);
    expect(toMouse(0xff)).toEqual([0xfa, 0xaa, 0x00]);
  });

  it('streams three-byte packets, y upward, with signs and buttons', () => {
    toMouse(0xf4);
    mouse.move(5, 7, 0, 0b001);
    expect(packet()).toEqual([0x29, 5, 0xf9]);
    mouse.move(-3, -2, 0, 0b110);
    expect(packet()).toEqual([0x1e, 0xfd, 2]);
  });

  it('is found as IntelliMouse and Explorer as Linux knocks', () => {
    toMouse(0xf3, 200, 0xf3, 100, 0xf3, 80);
    expect(toMouse(0xf2)).toEqual([0xfa, 3]);
    toMouse(0xf3, 200, 0xf3, 200, 0xf3, 80);
    expect(toMouse(0xf2)).toEqual([0xfa, 4]);
    toMouse(0xf4);
    mouse.move(0, 0, 1, 0b01000);
    expect(packet()).toEqual([0x08, 0, 0, 0x11]);
    mouse.move(0, 0, -1, 0b10000);
    expect(packet()).toEqual([0x08, 0, 0, 0x2f]);
    expect(toMouse(0xff)).toEqual([0xfa, 0xaa, 0x00]);
    expect(toMouse(0xf2)).toEqual([0xfa, 0]);
  });

  it('adds up motion the guest is too slow to fetch', () => {
    toMouse(0xf4);
    for (let i = 0; i < 200; i++) mouse.move(3, 0, 0, 0);
    const bytes = packet();
    let x = 0;
    for (let i = 0; i < bytes.length; i += 3) x += bytes[i + 1]! - (bytes[i]! & 0x10 ? 256 : 0);
    expect(x).toBe(600);
    expect(bytes.length).toBeLessThan(30);
  });

  it('answers a read in remote mode and reports its status', () => {
    toMouse(0xf0);
    mouse.move(9, 0, 0, 0);
    expect(packet()).toEqual([]);
    expect(toMouse(0xeb)).toEqual([0xfa, 0x08, 9, 0]);
    toMouse(0xe8, 3, 0xf3, 60, 0xe7);
    expect(toMouse(0xe9)).toEqual([0xfa, 0x50, 3, 60]);
  });

  it('echoes in wrap mode until it is reset', () => {
    toMouse(0xee);
    expect(toMouse(0xf4)).toEqual([0xf4]);
    expect(toMouse(0xec)).toEqual([0xfa]);
  });

  it('is quiet until it is enabled', () => {
    mouse.move(5, 5, 0, 1);
    expect(packet()).toEqual([]);
  });
});
