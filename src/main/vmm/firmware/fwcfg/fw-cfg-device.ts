import type { AccessSize, BusHandler } from '../../bus/access.js';
import type { PortBus } from '../../bus/port-bus.js';
import type { GuestMemory } from '../../memory/guest-memory.js';

/** QEMU docs/specs/fw_cfg.rst: selector, data, and the two halves of the DMA address (big-endian). */
const SELECTOR_PORT = 0x510;
const SELECTOR_PORTS = 2;
const DMA_PORT = 0x514;
const DMA_PORTS = 8;
const DMA = { error: 0x01, read: 0x02, skip: 0x04, select: 0x08, write: 0x10 } as const;
const DMA_SIGNATURE = Uint8Array.from('QEMU CFG', (c) => c.charCodeAt(0));

/** Standard item numbers. */
export const ITEM = {
  signature: 0x0000,
  features: 0x0001,
  uuid: 0x0002,
  ramSize: 0x0003,
  cpus: 0x0005,
  bootMenu: 0x000e,
  maxCpus: 0x000f,
  directory: 0x0019,
  firstFile: 0x0020,
  irq0Override: 0x8002,
} as const;
const FEATURES = { traditional: 1, dma: 2 } as const;
const DIRECTORY_ENTRY_BYTES = 64;
const NAME_BYTES = 56;

export interface FwCfgState {
  readonly version: 1;
  readonly selected: number;
  readonly position: number;
  readonly dmaHigh: number;
}

/** The firmware configuration device: numbered items and named files, all read-only to the guest. */
export class FwCfgDevice {
  private readonly items = new Map<number, Uint8Array>();
  private readonly names: string[] = [];
  private selected = 0;
  private position = 0;
  private dmaHigh = 0;

  constructor(private readonly memory: GuestMemory) {
    this.setItem(
      ITEM.signature,
      Uint8Array.from('QEMU', (c) => c.charCodeAt(0)),
    );
    this.setItem(ITEM.features, Uint8Array.of(FEATURES.traditional | FEATURES.dma, 0, 0, 0));
  }

  attach(ports: PortBus): void {
    ports.map(SELECTOR_PORT, SELECTOR_PORTS, this.selectorHandler);
    ports.map(DMA_PORT, DMA_PORTS, this.dmaHandler);
  }

  setItem(key: number, content: Uint8Array): void {
    this.items.set(key, content);
  }

  /** Adds a file; the directory lists files in the order of their names, as firmware may search it. */
  addFile(name: string, content: Uint8Array): void {
    if (name.length >= NAME_BYTES) throw new RangeError(`file name ${name} is too long`);
    this.setItem(ITEM.firstFile + this.names.length, content);
    this.names.push(name);
    this.setItem(ITEM.directory, this.directory());
  }

  reset(): void {
    this.selected = 0;
    this.position = 0;
    this.dmaHigh = 0;
  }

  saveState(): FwCfgState {
    const { selected, position, dmaHigh } = this;
    return { version: 1, selected, position, dmaHigh };
  }

  loadState(state: FwCfgState): void {
    this.selected = state.selected;
    this.position = state.position;
    this.dmaHigh = state.dmaHigh;
  }

  private readonly selectorHandler: BusHandler = {
    read: (offset, size) => {
      let value = 0;
      for (let i = 0; i < size; i++) value |= this.readPort(offset + i) << (8 * i);
      return value >>> 0;
    },
    write: (offset, value, size) => {
      if (offset === 0 && size === 2) this.select(value);
    },
  };

  private readonly dmaHandler: BusHandler = {
    read: (offset, size) => {
      let value = 0;
      for (let i = 0; i < size; i++) value |= (DMA_SIGNATURE[offset + i] ?? 0) << (8 * i);
      return value >>> 0;
    },
    write: (offset, value, size) => this.writeDmaAddress(offset, value, size),
  };

  /** The data port is the selector's second byte. */
  private readPort(offset: number): number {
    return offset === 1 ? this.nextByte() : 0;
  }

  private select(key: number): void {
    this.selected = key & 0xbfff; // bit 14 asked for write access, long gone
    this.position = 0;
  }

  private get content(): Uint8Array | undefined {
    return this.items.get(this.selected);
  }

  private nextByte(): number {
    return this.content?.[this.position++] ?? 0;
  }

  private writeDmaAddress(offset: number, value: number, size: AccessSize): void {
    if (size !== 4) return;
    const swapped = byteSwap(value);
    if (offset === 0) {
      this.dmaHigh = swapped;
    } else if (offset === 4) {
      const high = this.dmaHigh;
      this.dmaHigh = 0;
      if (high === 0) this.runDma(swapped);
    }
  }

  /** A descriptor: control, length, address, all big-endian; control becomes 0, or the error bit. */
  private runDma(descriptor: number): void {
    const { memory } = this;
    const field = (at: number): number => byteSwap(memory.read32(descriptor + at));
    const control = field(0);
    const length = field(4);
    const address = field(12);
    if (control & DMA.select) this.select(control >>> 16);
    const ok = !(control & DMA.write) && field(8) === 0 && this.transfer(control, address, length);
    memory.write32(descriptor, byteSwap(ok ? 0 : DMA.error));
  }

  private transfer(control: number, address: number, length: number): boolean {
    const content = this.content ?? new Uint8Array(0);
    if (control & DMA.read) {
      const available = content.subarray(this.position, this.position + length);
      this.memory.write(address, available);
      this.zero(address + available.length, length - available.length);
    }
    if (control & (DMA.read | DMA.skip)) this.position = Math.min(this.position + length, 0xffff_ffff);
    return true;
  }

  /** What lies beyond an item reads as zeros; bounded by what memory a guest can have. */
  private zero(address: number, length: number): void {
    const bounded = Math.min(length, this.memory.ramBytes);
    const block = new Uint8Array(Math.min(bounded, 0x1_0000));
    for (let done = 0; done < bounded; done += block.length) {
      this.memory.write(address + done, block.subarray(0, Math.min(block.length, bounded - done)));
    }
  }

  private directory(): Uint8Array {
    const bytes = new Uint8Array(4 + this.names.length * DIRECTORY_ENTRY_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.names.length);
    const sorted = this.names.map((name, i) => ({ name, key: ITEM.firstFile + i }));
    sorted.sort((a, b) => (a.name < b.name ? -1 : 1));
    sorted.forEach(({ name, key }, i) => {
      const at = 4 + i * DIRECTORY_ENTRY_BYTES;
      view.setUint32(at, this.items.get(key)!.length);
      view.setUint16(at + 4, key);
      for (let c = 0; c < name.length; c++) bytes[at + 8 + c] = name.charCodeAt(c);
    });
    return bytes;
  }
}

const byteSwap = (value: number): number =>
  (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
