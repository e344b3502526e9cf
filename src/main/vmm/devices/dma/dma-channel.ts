import type { IsaDmaChannel, IsaDmaResult } from '../../bus/isa-dma.js';
import type { GuestMemory } from '../../memory/guest-memory.js';

const MODE_TYPE = 0x0c;
const MODE_WRITE_MEMORY = 0x04;
const MODE_READ_MEMORY = 0x08;
const MODE_AUTO_INITIALIZE = 0x10;
const MODE_DECREMENT = 0x20;

export interface DmaChannelState {
  readonly mode: number;
  readonly page: number;
  readonly baseAddress: number;
  readonly baseCount: number;
  readonly address: number;
  readonly count: number;
  readonly masked: boolean;
  readonly terminalCount: boolean;
}

/**
 * One channel of an 8237A with its page register. Addresses and counts are in units: bytes on channels 0–3, words on
 * 5–7. The address counter is 16 bits wide and never carries into the page.
 */
export class DmaChannel implements IsaDmaChannel {
  mode = 0;
  page = 0;
  baseAddress = 0;
  baseCount = 0;
  address = 0;
  count = 0;
  terminalCount = false;
  private isMasked = true;
  private readonly listeners: (() => void)[] = [];

  /** @param controllerEnabled whether the whole controller is */
  constructor(
    private readonly memory: GuestMemory,
    private readonly unitBytes: 1 | 2,
    private readonly controllerEnabled: () => boolean,
  ) {}

  get masked(): boolean {
    return this.isMasked;
  }

  set masked(masked: boolean) {
    this.isMasked = masked;
    this.announce();
  }

  get ready(): boolean {
    return !this.isMasked && this.controllerEnabled();
  }

  onReady(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Tells whoever waits, if a request would now be served. */
  announce(): void {
    if (this.ready) for (const listener of this.listeners) listener();
  }

  toMemory(source: Uint8Array): IsaDmaResult {
    const writes = (this.mode & MODE_TYPE) === MODE_WRITE_MEMORY;
    return this.transfer(source.length, (address, from, length) => {
      if (writes) this.memory.write(address, source.subarray(from, from + length));
    });
  }

  fromMemory(target: Uint8Array): IsaDmaResult {
    const reads = (this.mode & MODE_TYPE) === MODE_READ_MEMORY;
    return this.transfer(target.length, (address, from, length) => {
      if (reads) this.memory.read(address, target.subarray(from, from + length));
    });
  }

  reset(): void {
    this.mode = 0;
    this.terminalCount = false;
    this.isMasked = true;
  }

  saveState(): DmaChannelState {
    const { mode, page, baseAddress, baseCount, address, count, masked, terminalCount } = this;
    return { mode, page, baseAddress, baseCount, address, count, masked, terminalCount };
  }

  loadState(state: DmaChannelState): void {
    this.mode = state.mode;
    this.page = state.page;
    this.baseAddress = state.baseAddress;
    this.baseCount = state.baseCount;
    this.address = state.address;
    this.count = state.count;
    this.isMasked = state.masked;
    this.terminalCount = state.terminalCount;
  }

  private transfer(bytes: number, move: (address: number, from: number, length: number) => void): IsaDmaResult {
    let moved = 0;
    while (bytes - moved >= this.unitBytes && this.ready) {
      const units = this.runLength(Math.floor((bytes - moved) / this.unitBytes));
      move(this.physicalAddress(), moved, units * this.unitBytes);
      moved += units * this.unitBytes;
      if (this.advance(units)) return { moved, terminalCount: true };
    }
    return { moved, terminalCount: false };
  }

  /** Units that lie one after the other in memory before the counter wraps or the count runs out. */
  private runLength(wanted: number): number {
    if ((this.mode & MODE_DECREMENT) !== 0) return 1;
    return Math.min(wanted, this.count + 1, 0x1_0000 - this.address);
  }

  private physicalAddress(): number {
    // Word channels leave out the lowest page bit, which would be address bit 16 (IBM PC/AT reference, DMA).
    if (this.unitBytes === 2) return ((this.page & 0xfe) << 16) | (this.address << 1);
    return (this.page << 16) | this.address;
  }

  /** @returns whether the count ran out */
  private advance(units: number): boolean {
    const step = (this.mode & MODE_DECREMENT) !== 0 ? -units : units;
    this.address = (this.address + step) & 0xffff;
    this.count -= units;
    if (this.count >= 0) return false;
    this.count = 0xffff;
    this.terminalCount = true;
    if ((this.mode & MODE_AUTO_INITIALIZE) !== 0) {
      this.address = this.baseAddress;
      this.count = this.baseCount;
    } else this.isMasked = true;
    return true;
  }
}
