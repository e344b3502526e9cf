import { describe, expect, it } from 'vitest';
import { BareBoard } from '../../../testing/bare-board.js';
import { MemoryDisk } from '../block/memory-disk.js';
import { CompletionQueue } from '../block/completion-queue.js';

/** Masks everything but one interrupt at the 8259A pair, vectors 20h and 28h. */
function programPic(board: BareBoard, unmasked: number): void {
  for (const [port, base, third] of [[0x20, 0x20, 4], [0xa0, 0x28, 2]] as const) {
    board.out(port, 0x11);
    board.out(port + 1, base);
    board.out(port + 1, third);
    board.out(port + 1, 0x01);
  } // prettier-ignore
  board.out(0x21, unmasked < 8 ? 0xff & ~(1 << unmasked) : 0xfb);
  board.out(0xa1, unmasked < 8 ? 0xff : 0xff & ~(1 << (unmasked - 8)));
}

describe('machine', () => {
  it('has RAM, ROM at both places and nothing in between', () => {
    const { memory } = new BareBoard();
    memory.write32(0x1000, 0x1234_5678);
    memory.write32(0x10_0000, 0x9abc_def0);
    expect([memory.read32(0x1000), memory.read32(0x10_0000)]).toEqual([0x1234_5678, 0x9abc_def0]);
    expect(memory.read32(0xffff_fff0)).toBe(memory.read32(0xf_fff0));
    memory.write8(0xf_0000, ~memory.read8(0xf_0000));
    expect(memory.read8(0xf_0000)).toBe(memory.read8(0xffff_0000));
    expect([memory.entry(0xa_0000), memory.entry(8 << 20), memory.entry(0xc_0000)]).toEqual([0, 0, 0]);
  });

  it('shadows ROM by RAM as firmware copies itself, and protects the copy', () => {
    const board = new BareBoard();
    const rom = board.memory.read32(0xf_0100);
    board.writeConfig(0, 0, 0x59, 0x20, 1);
    expect(board.readMmio(0xf_0100)).toBe(rom);
    for (let i = 0; i < 4; i++) board.writeMmio(0xf_0100 + i, 0x40 + i, 1);
    expect(board.readMmio(0xf_0100)).toBe(rom);
    board.writeConfig(0, 0, 0x59, 0x10, 1);
    expect(board.memory.read32(0xf_0100)).toBe(0x4342_4140);
    board.memory.write32(0xf_0100, 0);
    expect(board.memory.read32(0xf_0100)).toBe(0x4342_4140);
    board.writeConfig(0, 0, 0x5a, 0x33, 1);
    board.memory.write32(0xc_4000, 77);
    expect(board.memory.read32(0xc_4000)).toBe(77);
    board.machine.reset();
    expect(board.memory.read32(0xf_0100)).toBe(rom);
  });

  it('delivers a timer tick through 8254, 8259A, LINT0 and the processor’s pin', () => {
    const board = new BareBoard();
    programPic(board, 0);
    board.out(0x43, 0x34);
    board.out(0x40, 0xa9);
    board.out(0x40, 0x04);
    expect(board.cpu.interruptRequest).toBe(false);
    board.pass(1e6);
    expect(board.cpu.interruptRequest).toBe(true);
    expect(board.cpu.bus.acknowledgeInterrupt()).toBe(0x20);
    expect(board.cpu.interruptRequest).toBe(false);
    expect(board.machine.stats.counters).toMatchObject({ 'exit.interrupt': 1, 'interrupt.timer': 1 });
  });

  it('delivers a key through I/O APIC input 1, and the timer through input 2', () => {
    const board = new BareBoard();
    board.writeMmio(0xfee0_00f0, 0x1ff);
    const route = (pin: number, vector: number): void => {
      board.writeMmio(0xfec0_0000, 0x10 + 2 * pin);
      board.writeMmio(0xfec0_0010, vector);
    };
    route(1, 0x41);
    route(2, 0x42);
    board.out(0x64, 0x60);
    board.out(0x60, 0x45);
    board.machine.keyboard.key('KeyA', true);
    expect(board.cpu.bus.acknowledgeInterrupt()).toBe(0x41);
    board.writeMmio(0xfee0_00b0, 0);
    board.out(0x43, 0x30);
    board.out(0x40, 10);
    board.out(0x40, 0);
    board.pass(1e6);
    expect(board.cpu.bus.acknowledgeInterrupt()).toBe(0x42);
  });

  it('gives IRQ 0 to the HPET in legacy replacement and back', () => {
    const board = new BareBoard();
    programPic(board, 0);
    board.writeMmio(0xfed0_0010, 3);
    board.out(0x43, 0x34);
    board.out(0x40, 0xa9);
    board.out(0x40, 0x04);
    board.pass(5e6);
    expect(board.cpu.interruptRequest).toBe(false);
    board.writeMmio(0xfed0_0100, 4);
    board.writeMmio(0xfed0_0108, board.readMmio(0xfed0_00f0) + 1000);
    board.pass(1e6);
    expect(board.cpu.bus.acknowledgeInterrupt()).toBe(0x20);
    board.out(0x20, 0x20);
    board.writeMmio(0xfed0_0010, 1);
    board.pass(1e6);
    expect(board.cpu.interruptRequest).toBe(true);
  });

  it('finds the functions of the board on bus 0', () => {
    const board = new BareBoard();
    const ids = [[0, 0], [1, 0], [1, 1], [1, 3], [2, 0]].map(([d, f]) => board.readConfig(d!, f!, 0)); // prettier-ignore
    expect(ids).toEqual([0x1237_8086, 0x7000_8086, 0x7010_8086, 0x7113_8086, 0x1111_1234]);
    expect(board.readConfig(1, 2, 0)).toBe(0xffff_ffff);
  });

  it('has its ACPI registers where firmware puts them, and goes off through them', () => {
    const board = new BareBoard();
    expect(board.in(0x608, 4)).toBe(0xffff_ffff);
    board.writeConfig(1, 3, 0x40, 0x601);
    board.writeConfig(1, 3, 0x80, 1, 1);
    board.pass(1e6);
    expect(board.in(0x608, 4)).toBe(3579);
    board.out(0x604, 0x2000, 2);
    expect(board.cpu.exitRequested).toBe(true);
    expect(board.machine.runSlice()).toEqual({ kind: 'off', cause: 'power-off' });
    expect(board.machine.runSlice()).toEqual({ kind: 'off', cause: 'power-off' });
  });

  it.each([
    ['keyboard controller', (board: BareBoard) => board.out(0x64, 0xfe)],
    ['port 92h', (board: BareBoard) => board.out(0x92, 0x03)],
    ['port CF9h', (board: BareBoard) => board.out(0xcf9, 0x06)],
  ])('resets by %s: processor, chips, firmware; or ends where resets end it', (_name, act) => {
    const board = new BareBoard();
    const before = board.cpu.resets;
    board.out(0x21, 0x55);
    act(board);
    expect(board.cpu.resets).toBe(before);
    expect(board.machine.runSlice()).toEqual({ kind: 'running' });
    expect(board.cpu.resets).toBe(before + 1);
    expect([board.in(0x21), board.cpu.a20]).toEqual([0, true]);
    const throwAway = new BareBoard({ spec: { onReset: 'stop' } });
    act(throwAway);
    expect(throwAway.machine.runSlice()).toEqual({ kind: 'off', cause: 'reset' });
  });

  it('restarts or ends on a triple fault, and fails on a defect, with its message', () => {
    const fault = new BareBoard({ spec: { onReset: 'stop' }, program: () => ({ reason: 'shutdown' }) });
    expect(fault.machine.runSlice()).toEqual({ kind: 'off', cause: 'triple-fault' });
    const restarting = new BareBoard({ program: () => ({ reason: 'shutdown' }) });
    expect(restarting.machine.runSlice()).toEqual({ kind: 'running' });
    expect(restarting.log).toEqual(['triple fault: machine reset']);
    const broken = new BareBoard({ program: () => ({ reason: 'internal-error', message: 'lost count' }) });
    expect(broken.machine.runSlice()).toEqual({ kind: 'failed', message: 'lost count' });
    const throwing = new BareBoard({
      program: () => {
        throw new Error('unreachable');
      },
    });
    expect(throwing.machine.runSlice()).toEqual({ kind: 'failed', message: 'unreachable' });
  });

  it('says when it is halted and until when', () => {
    const board = new BareBoard();
    board.cpu.registers.eflags = 0x202;
    expect(board.machine.runSlice()).toEqual({ kind: 'halted', forGood: false });
    board.cpu.registers.eflags = 0x002;
    expect(board.machine.runSlice()).toEqual({ kind: 'halted', forGood: true });
    const { nextDeadlineNs } = board.machine;
    expect(nextDeadlineNs).toBeGreaterThan(0);
    expect(nextDeadlineNs).toBeLessThanOrEqual(1e9);
  });

  it('ends the slice of a guest that watches a counter when a timer falls due', () => {
    const board: BareBoard = new BareBoard({
      program: () => {
        board.out(0x43, 0x34);
        board.out(0x40, 0xa9);
        board.out(0x40, 0x04);
        for (let reads = 0; reads < 100 && !board.cpu.exitRequested; reads++) {
          board.clock.advance(100_000);
          board.in(0x61);
        }
        return { reason: 'interrupted' };
      },
    });
    programPic(board, 0);
    board.machine.runSlice();
    expect(board.clock.nowNs()).toBe(1_000_000);
    expect(board.cpu.interruptRequest).toBe(false);
    board.machine.runSlice();
    expect(board.cpu.interruptRequest).toBe(true);
  });

  it('presses the power button into an SCI at interrupt 9', () => {
    const board = new BareBoard();
    programPic(board, 9);
    board.writeConfig(1, 3, 0x40, 0x601);
    board.writeConfig(1, 3, 0x80, 1, 1);
    board.out(0x602, 0x100, 2);
    board.machine.pressPowerButton();
    expect(board.cpu.bus.acknowledgeInterrupt()).toBe(0x29);
  });

  it('connects the serial port and the debug port to the outside', () => {
    const board = new BareBoard();
    board.out(0x3f8, 0x41);
    board.out(0x402, 0x42);
    expect([board.serialOutput, board.debugOutput]).toEqual([[0x41], [0x42]]);
    board.machine.serial(1)?.receive(Uint8Array.of(0x43));
    expect(board.in(0x3f8)).toBe(0x43);
    expect(new BareBoard({ spec: { serialPorts: [] } }).machine.serial(1)).toBeUndefined();
  });

  it('shows local time where the guest wants it', () => {
    const hour = (clock: 'utc' | 'local'): number => {
      const board = new BareBoard({ spec: { clock } });
      board.out(0x70, 4);
      return board.in(0x71);
    };
    expect([hour('utc'), hour('local')]).toEqual([0x23, 0x00]);
  });

  it('tells the memory size and the drives in CMOS', () => {
    const board = new BareBoard({ spec: { memoryBytes: 64 << 20 } });
    const cmos = (address: number): number => {
      board.out(0x70, address);
      return board.in(0x71);
    };
    expect(cmos(0x34) | (cmos(0x35) << 8)).toBe((48 << 20) / 65_536);
    expect(cmos(0x17) | (cmos(0x18) << 8)).toBe(63 * 1024);
    expect([cmos(0x3d), cmos(0x38)]).toEqual([0x23, 0x10]);
  });

  it('reads a sector by programmed I/O from a disk on the first cable', () => {
    const queue = new CompletionQueue();
    const content = new Uint8Array(1 << 20).fill(0xd5, 512, 1024);
    const board = new BareBoard({
      drives: (bytes) => [
        { kind: 'disk', name: 'sda', slot: { channel: 0, unit: 0 }, device: new MemoryDisk(bytes, content, queue) },
      ],
    });
    for (const [register, value] of [[6, 0xe0], [2, 1], [3, 1], [4, 0], [5, 0], [7, 0x20]]) {
      board.out(0x1f0 + register!, value!);
    } // prettier-ignore
    while (queue.pending > 0) queue.drain();
    expect(board.in(0x1f7) & 0x88).toBe(0x08);
    expect(board.in(0x1f0, 2)).toBe(0xd5d5);
  });

  it('gives back every register after its devices went through a snapshot', () => {
    const board = new BareBoard();
    board.out(0x21, 0x5a);
    board.out(0x43, 0x34);
    board.out(0x40, 0xa9);
    board.out(0x40, 0x04);
    board.out(0x92, 0x00);
    board.cpu.saveState = () => ({}) as never;
    board.cpu.loadState = () => undefined;
    const saved = structuredClone(board.machine.saveState());
    board.machine.reset();
    expect(board.cpu.a20).toBe(true);
    board.machine.loadState(saved);
    expect([board.in(0x21), board.cpu.a20]).toEqual([0x5a, false]);
    expect(structuredClone(board.machine.saveState())).toEqual(saved);
    expect(() => board.machine.loadState({ ...saved, devices: {} })).toThrow(
      /state\.devices\.\S+ is not what this machine has/,
    );
  });
});
