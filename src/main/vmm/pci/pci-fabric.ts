import type { BusHandler } from '../bus/access.js';
import type { IrqLine } from '../bus/irq-line.js';

/** Undoes a mapping. */
export type Unmap = () => void;

/** What a PCI function is plugged into: where its base address registers take effect and its interrupt goes. */
export interface PciFabric {
  mapPorts(first: number, count: number, handler: BusHandler): Unmap;
  mapMmio(address: number, bytes: number, handler: BusHandler): Unmap;
  /** Memory-backed region; `hostOffset` in the machine's memory. All page-aligned. */
  mapMemory(address: number, bytes: number, hostOffset: number): Unmap;
  /** The board's wire behind an interrupt pin (0 = INTA# … 3 = INTD#) of a device on bus 0. */
  interruptLine(device: number, pin: number): IrqLine;
}
