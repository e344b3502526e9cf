import { irqLine } from '../../main/vmm/bus/irq-line.js';
import { CompletionQueue } from '../../main/vmm/block/completion-queue.js';
import { MediumSlot } from '../../main/vmm/block/medium-slot.js';
import { MemoryDisk } from '../../main/vmm/block/memory-disk.js';
import { IsaDmaController } from '../../main/vmm/devices/dma/isa-dma-controller.js';
import { I82077aa } from '../../main/vmm/devices/storage/floppy/i82077aa.js';
import { GuestMemory } from '../../main/vmm/memory/guest-memory.js';

const FLOPPY_CHANNEL = 2;

/** A diskette controller with one drive on DMA channel 2, and a driver that talks to it as an operating system does. */
export function floppyRig() {
  const memory = new GuestMemory(4 << 20, 1 << 20);
  memory.mapRam(0, 192 << 20, 4 << 20);
  const completions = new CompletionQueue();
  const slot = new MediumSlot();
  const dma = new IsaDmaController(memory);
  let interrupts = 0;
  let line = false;
  const irq = irqLine((asserted) => {
    line = asserted;
    if (asserted) interrupts++;
  });
  const controller = new I82077aa(memory, irq, dma.channel(FLOPPY_CHANNEL), [slot, undefined]);
  const settle = () => {
    while (completions.drain() > 0);
  };
  const insert = (content: Uint8Array, options: { readonly readonly?: boolean } = {}) =>
    slot.insert(new MemoryDisk(memory.bytes, content, completions, options));

  const status = () => controller.ports.read(4, 1);
  const send = (...bytes: number[]) => {
    for (const byte of bytes) {
      if ((status() & 0xc0) !== 0x80) throw new Error(`controller takes no byte: ${status().toString(16)}`);
      controller.ports.write(5, byte, 1);
    }
  };
  const result = () => {
    const bytes = [];
    while ((status() & 0xd0) === 0xd0) bytes.push(controller.ports.read(5, 1));
    return bytes;
  };
  const command = (...bytes: number[]) => {
    send(...bytes);
    settle();
    return result();
  };
  /** Sets the channel up for `bytes` from `address`. */
  const programDma = (address: number, bytes: number, direction: 'to-memory' | 'from-memory') => {
    dma.lowPorts.write(10, 4 | FLOPPY_CHANNEL, 1);
    dma.lowPorts.write(12, 0, 1);
    dma.lowPorts.write(11, (direction === 'to-memory' ? 0x44 : 0x48) | FLOPPY_CHANNEL, 1);
    dma.lowPorts.write(4, address & 0xff, 1);
    dma.lowPorts.write(4, (address >> 8) & 0xff, 1);
    dma.pagePorts.write(1, address >> 16, 1);
    dma.lowPorts.write(5, (bytes - 1) & 0xff, 1);
    dma.lowPorts.write(5, (bytes - 1) >> 8, 1);
    dma.lowPorts.write(10, FLOPPY_CHANNEL, 1);
  };
  /** Reset, then the four interrupts of the drive poll, then SPECIFY and the data rate, as Linux and DOS begin. */
  const start = (rate = 0) => {
    controller.ports.write(2, 0x00, 1);
    controller.ports.write(2, 0x1c, 1);
    const poll = [0, 1, 2, 3].map(() => command(0x08)[0]!);
    send(0x03, 0xdf, 0x02);
    controller.inputPort.write(0, rate, 1);
    return poll;
  };
  const seek = (cylinder: number, head = 0) => {
    send(0x0f, head << 2, cylinder);
    return command(0x08);
  };
  return {
    ...{
      memory,
      completions,
      slot,
      dma,
      controller,
      settle,
      insert,
      status,
      send,
      result,
      command,
      programDma,
      start,
      seek,
    },
    get interrupts() {
      return interrupts;
    },
    get line() {
      return line;
    },
  };
}
