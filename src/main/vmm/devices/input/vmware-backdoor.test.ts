import { beforeEach, describe, expect, it } from 'vitest';
import { PortBus } from '../../bus/port-bus.js';
import { VmwareBackdoor, type BackdoorRegister } from './vmware-backdoor.js';

const MAGIC = 0x564d_5868;
const VERSION_ID = 0x3442_554a;

let ports: PortBus;
let values: Record<BackdoorRegister, number>;
let wakes: number;
let backdoor: VmwareBackdoor;

function make(pointer: boolean): void {
  ports = new PortBus();
  wakes = 0;
  values = { rax: 0, rbx: 0, rcx: 0, rdx: 0, rsi: 0, rdi: 0 };
  backdoor = new VmwareBackdoor({
    registers: { get32: (r) => values[r], set32: (r, value) => (values[r] = value >>> 0) },
    cpuMhz: 1000,
    memoryBytes: 512 << 20,
    pointer,
    wallMs: () => 1_700_000_000_123.5,
    screenSize: () => ({ width: 1024, height: 768 }),
    wakeMouse: () => wakes++,
  });
  backdoor.attach(ports);
}

/** One IN with the given command in ECX and argument in EBX; returns EAX. */
function call(command: number, argument = 0): number {
  Object.assign(values, { rax: MAGIC, rbx: argument, rcx: command, rdx: 0x5658 });
  return ports.read(0x5658, 4);
}

beforeEach(() => make(true));

describe('VMware backdoor', () => {
  it('answers only with the magic in EAX and a 32-bit IN', () => {
    values.rax = MAGIC - 1;
    expect(ports.read(0x5658, 4)).toBe(0xffff_ffff);
    values.rax = MAGIC;
    expect(ports.read(0x5658, 1)).toBe(0xffff_ffff);
    expect(call(10)).toBe(6);
    expect(values.rbx).toBe(MAGIC);
    expect(call(0x7777)).toBe(0xffff_ffff);
  });

  it('tells time, screen and memory', () => {
    expect(call(23)).toBe(1_700_000_000);
    expect(values.rbx).toBe(123_500);
    expect(call(46)).toBe(MAGIC);
    expect([values.rsi, values.rdx]).toEqual([0, 1_700_000_000]);
    expect(call(15)).toBe((1024 << 16) | 768);
    expect(call(20)).toBe(512);
  });

  it('goes through vmmouse’s start and reports absolute positions', () => {
    call(41, 0x4541_4552);
    expect(call(40) & 0xffff).toBe(1);
    expect(call(39, 1)).toBe(VERSION_ID);
    expect(backdoor.active).toBe(false);
    call(41, 0x5342_4152);
    expect(backdoor.active).toBe(true);
    backdoor.moveTo(1000, 65_535, -1, 0b101);
    expect(wakes).toBe(1);
    expect(call(40)).toBe(4);
    expect(call(39, 4)).toBe(0x28);
    expect([values.rbx, values.rcx, values.rdx]).toEqual([1000, 65_535, 0xffff_ffff]);
    expect(call(40)).toBe(0);
  });

  it('turns a protocol error into the error status and back off', () => {
    call(41, 0x4541_4552);
    expect(call(39, 4)).toBe(0xffff_0000);
    expect(call(40)).toBe(0xffff_0000);
    call(41, 0x4541_4552);
    expect(call(39, 0)).toBe(0xffff_0000);
    expect(call(39, 0xffff_ffff)).toBe(0xffff_0000);
  });

  it('keeps the newest positions when the guest does not fetch them', () => {
    call(41, 0x4541_4552);
    call(39, 1);
    call(41, 0x5342_4152);
    for (let i = 0; i < 1000; i++) backdoor.moveTo(i, 0, 0, 0);
    let last = 0;
    while ((call(40) & 0xffff) > 0) {
      call(39, 4);
      last = values.rbx;
    }
    expect(last).toBe(999);
  });

  it('offers no pointer where the machine has none', () => {
    make(false);
    expect(call(41, 0x4541_4552)).toBe(0xffff_ffff);
    expect(call(10)).toBe(6);
  });

  it('stops on reset and disable, and survives a snapshot', () => {
    call(41, 0x4541_4552);
    call(41, 0x5342_4152);
    const saved = structuredClone(backdoor.saveState());
    call(41, 0x00f5);
    expect(backdoor.active).toBe(false);
    backdoor.loadState(saved);
    expect(backdoor.active).toBe(true);
    backdoor.reset();
    expect(backdoor.active).toBe(false);
  });
});
