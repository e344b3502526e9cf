import { describe, expect, it } from 'vitest';
import type { AccessSize } from '../src/main/vmm/bus/access.js';
import { CompletionQueue } from '../src/main/vmm/block/completion-queue.js';
import { MediumSlot } from '../src/main/vmm/block/medium-slot.js';
import { MemoryDisk } from '../src/main/vmm/block/memory-disk.js';
import { KEY_CODES } from '../src/shared/contract/input.js';
import { BareBoard } from '../src/testing/bare-board.js';
import { Random } from '../src/testing/random.js';

const ROUNDS = 60_000;
const SIZES: readonly AccessSize[] = [1, 2, 4];

/** Every register a guest can reach: ports of the board and its MMIO pages. */
const PORT_RANGES = [
  [0x00, 0xf0], [0x170, 0x178], [0x1ce, 0x1d1], [0x1f0, 0x1f8], [0x2f8, 0x300], [0x376, 0x377], [0x3b0, 0x400],
  [0x402, 0x403], [0x4d0, 0x4d2], [0x600, 0x640], [0xc000, 0xc010], [0xcf8, 0xd00], [0x5658, 0x565c],
] as const; // prettier-ignore
const MMIO_RANGES = [
  [0xa_0000, 0xc_0000], [0xc_0000, 0x10_0000], [0xfec0_0000, 0xfec0_0100], [0xfed0_0000, 0xfed0_0400],
  [0xfee0_0000, 0xfee0_0400], [0xd000_0000, 0xd000_1000],
] as const; // prettier-ignore

class HostileGuest {
  private readonly queue = new CompletionQueue();
  private readonly random: Random;
  readonly board: BareBoard;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.board = new BareBoard({
      drives: (bytes) => {
        const disk = (size: number): MemoryDisk => new MemoryDisk(bytes, new Uint8Array(size), this.queue);
        const slot = (size: number): MediumSlot => {
          const made = new MediumSlot();
          made.insert(disk(size));
          return made;
        };
        return [
          { kind: 'disk', name: 'disk', slot: { channel: 0, unit: 0 }, device: disk(1 << 20) },
          { kind: 'cdrom', name: 'cd', slot: { channel: 1, unit: 0 }, drive: slot(1 << 20) },
          { kind: 'floppy', name: 'floppy', unit: 0, drive: slot(1_474_560) },
        ];
      },
    });
    this.startUp();
  }

  /** One hostile act. */
  act(): void {
    switch (this.random.below(12)) {
      case 0:
        this.board.clock.advance(this.random.below(3_000_000));
        this.queue.drain();
        break;
      case 1:
        this.person();
        break;
      case 2:
      case 3:
        this.touchConfig();
        break;
      case 4:
      case 5:
        this.touchMmio();
        break;
      case 6:
        this.board.cpu.bus.acknowledgeInterrupt();
        break;
      default:
        this.touchPort();
    }
  }

  /** What firmware would have set up, so that every register block is reachable. */
  private startUp(): void {
    this.board.writeConfig(1, 3, 0x40, 0x601);
    this.board.writeConfig(1, 3, 0x80, 1, 1);
    this.board.writeConfig(1, 1, 0x20, 0xc001);
    this.board.writeConfig(1, 1, 0x04, 5, 2);
    this.board.writeConfig(2, 0, 0x18, 0xd000_0000);
    this.board.writeConfig(2, 0, 0x04, 3, 2);
    this.board.writeMmio(0xfee0_00f0, 0x1ff);
  }

  private touchPort(): void {
    const port = this.random.within(this.random.pick(PORT_RANGES));
    const size = this.random.pick(SIZES);
    if (this.random.below(3) === 0) this.board.in(port, size);
    else this.board.out(port, this.random.word(), size);
  }

  private touchMmio(): void {
    const size = this.random.pick(SIZES);
    const address = (this.random.within(this.random.pick(MMIO_RANGES)) & -size) >>> 0;
    if (this.random.below(3) === 0) this.board.readMmio(address, size);
    else this.board.writeMmio(address, this.random.word(), size);
  }

  private touchConfig(): void {
    const device = this.random.below(4);
    const fn = this.random.below(4);
    const register = this.random.below(256);
    const size = this.random.pick(SIZES);
    if (this.random.below(3) === 0) this.board.readConfig(device, fn, register, size);
    else this.board.writeConfig(device, fn, register, this.random.word(), size);
  }

  private person(): void {
    const { machine } = this.board;
    const buttons = this.random.below(32);
    machine.keyboard.key(this.random.pick(KEY_CODES), this.random.below(2) === 0);
    machine.mouse.move(this.random.below(600) - 300, this.random.below(600) - 300, this.random.below(5) - 2, buttons);
    machine.pointer.moveTo(this.random.below(65_536), this.random.below(65_536), 0, buttons);
    machine.serial(1)?.receive(Uint8Array.of(this.random.below(256)));
    machine.pressPowerButton();
  }
}

describe('a guest that writes garbage to every register of the board', () => {
  it.each([1, 2, 3, 0xa11e])('never throws, hangs or breaks the machine (seed %i)', (seed) => {
    let guest = new HostileGuest(seed);
    for (let round = 0; round < ROUNDS; round++) {
      guest.act();
      const condition = guest.board.machine.runSlice();
      if (condition.kind === 'failed') expect.fail(condition.message);
      if (condition.kind === 'off') guest = new HostileGuest(seed + round);
    }
  });

  it('leaves a state that can be saved and loaded', () => {
    const guest = new HostileGuest(77);
    guest.board.cpu.saveState = () => ({}) as never;
    guest.board.cpu.loadState = () => undefined;
    for (let round = 0; round < 5000; round++) guest.act();
    const { machine } = guest.board;
    const saved = structuredClone(machine.saveState());
    machine.loadState(saved);
    expect(Object.keys(machine.saveState().devices)).toEqual(Object.keys(saved.devices));
  });
});
