import { describe, expect, it } from 'vitest';
import type { BlockDevice, BlockRequest, BlockStatus } from '../src/main/vmm/block/block-device.js';
import type { AccessSize, BusHandler } from '../src/main/vmm/bus/access.js';
import { unconnectedIrq } from '../src/main/vmm/bus/irq-line.js';
import { CompletionQueue } from '../src/main/vmm/block/completion-queue.js';
import { MediumSlot } from '../src/main/vmm/block/medium-slot.js';
import { IsaDmaController } from '../src/main/vmm/devices/dma/isa-dma-controller.js';
import { I82077aa } from '../src/main/vmm/devices/storage/floppy/i82077aa.js';
import { AtaDisk } from '../src/main/vmm/devices/storage/ide/ata-disk.js';
import { AtapiCdRom } from '../src/main/vmm/devices/storage/ide/atapi-cdrom.js';
import { IdeChannel } from '../src/main/vmm/devices/storage/ide/ide-channel.js';
import { GuestMemory } from '../src/main/vmm/memory/guest-memory.js';
import { CACHE_OFFSET, RAM_OFFSET } from '../src/main/vmm/memory/layout.js';

/** `FUZZ_SEED` repeats a run; `FUZZ_STEPS` makes it longer. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20240607);
const STEPS = Number(process.env['FUZZ_STEPS'] ?? 30_000);

const RAM_BYTES = 4 << 20;
/** RAM behind this address is not mapped, and what is mapped read-only starts here. */
const MAPPED_BYTES = 3 << 20;
const ROM_ADDRESS = 0xf_0000;
const ROM_BYTES = 0x1_0000;
const GUARD = 0xa7;

/** xorshift32: the same numbers for the same seed everywhere. */
function randomSource(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A medium of any claimed size that answers anything: it fills what it is asked to read, or fails. */
function hostileMedium(memory: GuestMemory, queue: CompletionQueue, random: (n: number) => number, sectors: number) {
  const answers: BlockStatus[] = ['ok', 'ok', 'ok', 'ok', 'io-error', 'read-only', 'no-medium', 'out-of-range'];
  const device: BlockDevice = {
    info: { sectors, readonly: random(4) === 0 },
    submit({ op, sector, count, segments, onDone }: BlockRequest) {
      expect(sector + count).toBeLessThanOrEqual(sectors);
      if (op === 'read') for (const s of segments) memory.bytes.fill(random(256), s.offset, s.offset + s.length);
      queue.post(onDone, answers[random(answers.length)]!);
    },
  };
  return device;
}

function setUp(random: (n: number) => number) {
  const memory = new GuestMemory(RAM_BYTES, 2 << 20);
  memory.mapRam(0, RAM_OFFSET, MAPPED_BYTES);
  memory.mapRam(ROM_ADDRESS, RAM_OFFSET + ROM_ADDRESS, ROM_BYTES, { readonly: true });
  const queue = new CompletionQueue();
  const size = () => [0, 1, 3, 2880, 5760, 100_000, 2 ** 28, 2 ** 40, 2 ** 48][random(9)]!;
  const medium = () => hostileMedium(memory, queue, random, size());
  const slots = [new MediumSlot(), new MediumSlot(), new MediumSlot()] as const;
  const dma = new IsaDmaController(memory);
  const channel = new IdeChannel(memory, unconnectedIrq, [
    (m, cable) => new AtaDisk(m, cable, medium(), 'FUZZ'),
    (m, cable) => new AtapiCdRom(m, cable, slots[0], 'FUZZ'),
  ]);
  const floppy = new I82077aa(memory, unconnectedIrq, dma.channel(2), [slots[1], slots[2]]);
  const guards = [
    memory.bytes.subarray(CACHE_OFFSET, CACHE_OFFSET + 0x1_0000),
    memory.bytes.subarray(RAM_OFFSET - 0x1_0000, RAM_OFFSET),
    memory.bytes.subarray(RAM_OFFSET + ROM_ADDRESS, RAM_OFFSET + ROM_ADDRESS + ROM_BYTES),
    memory.bytes.subarray(RAM_OFFSET + MAPPED_BYTES, RAM_OFFSET + RAM_BYTES),
    memory.bytes.subarray(memory.allocate(4096), memory.bytes.length),
  ];
  for (const guard of guards) guard.fill(GUARD);
  const busMaster: BusHandler = channel.busMaster;
  const ports: readonly (readonly [BusHandler, number])[] = [
    [channel.commandBlock, 8],
    [channel.commandBlock, 8],
    [channel.controlBlock, 1],
    [busMaster, 8],
    [floppy.ports, 6],
    [floppy.inputPort, 1],
    [dma.lowPorts, 16],
    [dma.highPorts, 32],
    [dma.pagePorts, 16],
  ];
  return { memory, queue, slots, channel, floppy, dma, ports, guards, medium };
}

type Rig = ReturnType<typeof setUp>;

/** Values that start something often, and anything. */
const COMMANDS = [0x20, 0x24, 0x25, 0x29, 0x30, 0x35, 0xc4, 0xc5, 0xc6, 0xc8, 0xca, 0xa0, 0xec, 0xa1, 0xef, 0xe7, 0x91];

function step(rig: Rig, random: (n: number) => number): void {
  const [handler, count] = rig.ports[random(rig.ports.length)]!;
  const size = ([1, 1, 2, 4] as const)[random(4)]! satisfies AccessSize;
  const offset = random(count);
  switch (random(10)) {
    case 0:
      rig.memory.write32(random(RAM_BYTES) & ~3, random(2 ** 32 - 1));
      return;
    case 1:
      rig.queue.drain();
      return;
    case 2:
    case 3:
      handler.read(offset, size);
      return;
    case 4:
      rig.channel.commandBlock.write(7, COMMANDS[random(COMMANDS.length)]!, 1);
      return;
    case 5:
      for (let i = random(600); i > 0; i--) rig.channel.commandBlock.write(0, random(2 ** 32 - 1), 2);
      return;
    case 6:
      for (let i = random(600); i > 0; i--) rig.channel.commandBlock.read(0, size);
      return;
    case 7:
      return changeMedium(rig, random);
    default:
      handler.write(offset, random(2) === 0 ? random(16) : random(2 ** 32 - 1), size);
  }
}

function changeMedium(rig: Rig, random: (n: number) => number): void {
  const slot = rig.slots[random(3)]!;
  if (random(8) !== 0) return;
  if (random(2) === 0) slot.insert(rig.medium());
  else slot.eject(random(2) === 0);
}

function settle(rig: Rig): void {
  for (let rounds = 0; rig.queue.drain() > 0; rounds++) expect(rounds).toBeLessThan(200_000);
}

function expectGuards(rig: Rig): void {
  for (const guard of rig.guards) expect(guard.every((byte) => byte === GUARD)).toBe(true);
}

describe(`storage devices under garbage (seed ${SEED})`, () => {
  it('survive anything written to any register, and touch no memory but the guest’s', () => {
    for (let run = 0; run < 6; run++) {
      const random = randomSource(SEED + run * 7919);
      const rig = setUp(random);
      for (let i = 0; i < STEPS / 6; i++) step(rig, random);
      settle(rig);
      expectGuards(rig);
    }
  });

  it('survive garbage packets, and answer a good one afterwards', () => {
    const random = randomSource(SEED);
    const rig = setUp(random);
    const { commandBlock } = rig.channel;
    const packet = (bytes: readonly number[], dma: boolean) => {
      commandBlock.write(6, 0xb0, 1);
      commandBlock.write(1, dma ? 1 : 0, 1);
      commandBlock.write(4, random(256), 1);
      commandBlock.write(5, random(256), 1);
      commandBlock.write(7, 0xa0, 1);
      for (let i = 0; i < 12; i += 2) commandBlock.write(0, bytes[i]! | (bytes[i + 1]! << 8), 2);
      settle(rig);
    };
    rig.slots[0].insert(rig.medium());
    for (let i = 0; i < STEPS / 10; i++) {
      const opcode = [0x12, 0x28, 0x43, 0x46, 0x4a, 0x5a, 0xa8, 0xad, 0xbe, 0xb9, random(256)][random(11)]!;
      packet([opcode, ...Array.from({ length: 11 }, () => random(256))], random(2) === 0);
      if (random(2) === 0) rig.channel.busMaster.write(0, 9, 1);
      settle(rig);
      for (let n = random(4000); n > 0; n--) commandBlock.read(0, 2);
      if (random(3) === 0) commandBlock.write(7, 0x08, 1);
    }
    settle(rig);
    commandBlock.write(7, 0x08, 1);
    packet([0x12, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0], false);
    expect(commandBlock.read(7, 1) & 0x89).toBe(0x08);
    expect(commandBlock.read(0, 2)).toBe(0x8005);
    expectGuards(rig);
  });

  it('survive DMA tables of garbage', () => {
    const random = randomSource(SEED);
    const rig = setUp(random);
    const { channel, memory } = rig;
    for (let i = 0; i < 2000; i++) {
      const table = random(MAPPED_BYTES) & ~3;
      for (let n = 0; n < 32; n++) {
        memory.write32(table + n * 8, random(3) === 0 ? random(2 ** 32 - 1) : random(MAPPED_BYTES));
        memory.write32(table + n * 8 + 4, random(2) === 0 ? random(64) : random(2 ** 32 - 1));
      }
      channel.busMaster.write(4, table, 4);
      channel.controlBlock.write(0, 4, 1);
      channel.controlBlock.write(0, 0, 1);
      settle(rig);
      channel.busMaster.write(0, 0, 1);
      for (let register = 1; register < 6; register++) channel.commandBlock.write(register, random(8), 1);
      channel.commandBlock.write(6, 0xe0, 1);
      channel.commandBlock.write(7, random(2) === 0 ? 0x25 : 0xca, 1);
      channel.busMaster.write(0, 1 + 8 * random(2), 1);
      settle(rig);
    }
    expectGuards(rig);
  });
});
