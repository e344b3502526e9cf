import { openBus, type BusHandler } from '../bus/access.js';
import type { BoardDevice } from '../base/stateful.js';
import type { PciFabric } from './pci-fabric.js';
import type { PciFunction } from './pci-function.js';

export const CONFIG_ADDRESS_PORT = 0xcf8;
export const CONFIG_DATA_PORT = 0xcfc;

const ADDRESS_ENABLE = 0x8000_0000;
/** Reserved bits 30:24 and 1:0 read as zero. */
const ADDRESS_MASK = 0x80ff_fffc;

export interface PciBusState {
  readonly version: 1;
  readonly address: number;
}

/**
 * Bus 0 and its configuration mechanism #1 (PCI 3.0, 3.2.2.3.2): an address port that takes only 32-bit writes and a
 * window of four data ports. Functions that are not there read as all-ones.
 */
export class PciBus implements BoardDevice<PciBusState> {
  private readonly functions = new Array<PciFunction | undefined>(32 * 8).fill(undefined);
  private address = 0;

  constructor(private readonly fabric: PciFabric) {}

  /** Plugs a function in at device 0–31, function 0–7. */
  add(device: number, fn: number, pciFunction: PciFunction): void {
    const slot = device * 8 + fn;
    if (this.functions[slot]) throw new RangeError(`PCI ${device}.${fn} is taken`);
    this.functions[slot] = pciFunction;
    pciFunction.attach(this.fabric, device);
  }

  readonly addressPort: BusHandler = {
    read: (offset, size) => (offset === 0 && size === 4 ? this.address : openBus(size)),
    write: (offset, value, size) => {
      if (offset === 0 && size === 4) this.address = (value & ADDRESS_MASK) >>> 0;
    },
  };

  readonly dataPort: BusHandler = {
    read: (offset, size) => {
      const target = this.selected();
      return target && offset + size <= 4 ? target.read((this.address & 0xfc) + offset, size) : openBus(size);
    },
    write: (offset, value, size) => {
      if (offset + size <= 4) this.selected()?.write((this.address & 0xfc) + offset, value, size);
    },
  };

  reset(): void {
    this.address = 0;
  }

  saveState(): PciBusState {
    return { version: 1, address: this.address };
  }

  loadState(state: PciBusState): void {
    this.address = (state.address & ADDRESS_MASK) >>> 0;
  }

  private selected(): PciFunction | undefined {
    if ((this.address & ADDRESS_ENABLE) === 0) return undefined;
    const bus = (this.address >>> 16) & 0xff;
    return bus === 0 ? this.functions[(this.address >>> 8) & 0xff] : undefined;
  }
}
