import type { AccessSize, BusHandler } from '../../bus/access.js';
import type { BoardDevice } from '../../base/stateful.js';
import type { IsaDmaChannel } from '../../bus/isa-dma.js';
import type { GuestMemory } from '../../memory/guest-memory.js';
import { I8237, type I8237State } from './i8237.js';

/** Page register (offset from port 80h) of each channel; the one of channel 4 serves refresh (IBM PC/AT reference). */
const PAGE_REGISTERS = [7, 3, 1, 2, 15, 11, 9, 10];
const PAGE_PORTS = 16;

export interface IsaDmaControllerState {
  readonly version: 1;
  readonly low: I8237State;
  readonly high: I8237State;
  readonly pages: readonly number[];
}

/**
 * The AT's pair of 8237A controllers with their page registers: channels 0–3 move bytes, 5–7 words; channel 4 cascades.
 * Page ports without a channel are plain storage; port 80h is where firmware shows its progress.
 */
export class IsaDmaController implements BoardDevice<IsaDmaControllerState> {
  private readonly low: I8237;
  private readonly high: I8237;
  private readonly pages = new Uint8Array(PAGE_PORTS);

  constructor(memory: GuestMemory) {
    this.low = new I8237(memory, 1);
    this.high = new I8237(memory, 2);
  }

  /** Ports 00h–0Fh. */
  readonly lowPorts = bytewise(
    (port) => this.low.read(port),
    (port, value) => this.low.write(port, value),
  );

  /** Ports C0h–DFh: each register at two ports. */
  readonly highPorts = bytewise(
    (port) => this.high.read(port >> 1),
    (port, value) => this.high.write(port >> 1, value),
  );

  /** Ports 80h–8Fh. */
  readonly pagePorts = bytewise(
    (port) => this.pages[port]!,
    (port, value) => this.writePage(port, value),
  );

  /** @param channel 0–3 or 5–7 */
  channel(channel: number): IsaDmaChannel {
    const found = (channel < 4 ? this.low : this.high).channels[channel & 3];
    if (found === undefined || channel > 7) throw new RangeError(`no ISA DMA channel ${channel}`);
    return found;
  }

  reset(): void {
    this.low.reset();
    this.high.reset();
  }

  saveState(): IsaDmaControllerState {
    return { version: 1, low: this.low.saveState(), high: this.high.saveState(), pages: [...this.pages] };
  }

  loadState(state: IsaDmaControllerState): void {
    this.low.loadState(state.low);
    this.high.loadState(state.high);
    this.pages.set(state.pages);
  }

  private writePage(port: number, value: number): void {
    this.pages[port] = value;
    const channel = PAGE_REGISTERS.indexOf(port);
    if (channel < 0) return;
    (channel < 4 ? this.low : this.high).channels[channel & 3]!.page = value;
  }
}

/** Registers are eight bits wide; a wider access is several. */
function bytewise(read: (port: number) => number, write: (port: number, value: number) => void): BusHandler {
  const mask = (port: number) => port & 0x1f;
  return {
    read: (offset: number, size: AccessSize) => {
      let value = 0;
      for (let i = 0; i < size; i++) value |= (read(mask(offset + i)) & 0xff) << (8 * i);
      return value >>> 0;
    },
    write: (offset: number, value: number, size: AccessSize) => {
      for (let i = 0; i < size; i++) write(mask(offset + i), (value >>> (8 * i)) & 0xff);
    },
  };
}
