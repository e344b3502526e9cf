import type { BoardDevice } from '../../base/stateful.js';
import type { BusHandler } from '../../bus/access.js';
import type { MmioBus } from '../../bus/mmio-bus.js';
import { DELIVERY_EXTINT, type ApicMessageSink } from './apic-message.js';

/** Intel 82093AA data sheet (290566-001), chapter 3. */
export const IO_APIC_BASE = 0xfec0_0000;
export const IO_APIC_BYTES = 0x1000;
export const IO_APIC_PINS = 24;

const IOREGSEL = 0x00;
const IOWIN = 0x10;
const REG_ID = 0x00;
const REG_VERSION = 0x01;
const REG_ARBITRATION = 0x02;
const REG_REDIRECTION = 0x10;
const VERSION = ((IO_APIC_PINS - 1) << 16) | 0x11;

const ENTRY_LOGICAL = 1 << 11;
const ENTRY_REMOTE_IRR = 1 << 14;
const ENTRY_LEVEL = 1 << 15;
const ENTRY_MASKED = 1 << 16;
/** Delivery status and remote IRR are the chip's own; the rest of the low word above bit 16 is reserved. */
const ENTRY_LOW_WRITABLE = 0x0001_afff;
const ENTRY_HIGH_WRITABLE = 0xff00_0000;

export interface IoApicState {
  readonly version: 1;
  readonly id: number;
  readonly select: number;
  readonly inputs: number;
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/**
 * 82093AA I/O APIC. The board's wires are logical (asserted or not), so a pin's polarity bit is kept for the guest to
 * read and has no other effect: firmware tables that disagree with it cannot make an idle wire interrupt for ever.
 */
export class IoApic implements BoardDevice<IoApicState> {
  private id = 0;
  private select = 0;
  private inputs = 0;
  private readonly low = new Int32Array(IO_APIC_PINS);
  private readonly high = new Int32Array(IO_APIC_PINS);

  constructor(
    private readonly sink: ApicMessageSink,
    private readonly powerOnId: number,
  ) {
    this.reset();
  }

  attach(mmio: MmioBus): void {
    mmio.map(IO_APIC_BASE, IO_APIC_BYTES, this.registers);
  }

  setInput(pin: number, asserted: boolean): void {
    const bit = 1 << pin;
    const rising = asserted && !(this.inputs & bit);
    this.inputs = asserted ? this.inputs | bit : this.inputs & ~bit;
    const entry = this.low[pin]!;
    if (entry & ENTRY_LEVEL) this.serveLevel(pin);
    else if (rising && !(entry & ENTRY_MASKED)) this.send(pin);
  }

  /** EOI broadcast of a local APIC: a level-triggered pin still asserted interrupts again. */
  endOfInterrupt(vector: number): void {
    for (let pin = 0; pin < IO_APIC_PINS; pin++) {
      const entry = this.low[pin]!;
      if ((entry & 0xff) !== vector || !(entry & ENTRY_REMOTE_IRR)) continue;
      this.low[pin] = entry & ~ENTRY_REMOTE_IRR;
      this.serveLevel(pin);
    }
  }

  reset(): void {
    this.id = this.powerOnId;
    this.select = 0;
    this.low.fill(ENTRY_MASKED);
    this.high.fill(0);
  }

  saveState(): IoApicState {
    return {
      version: 1,
      id: this.id,
      select: this.select,
      inputs: this.inputs,
      low: Array.from(this.low),
      high: Array.from(this.high),
    };
  }

  loadState(state: IoApicState): void {
    this.id = state.id & 0xf;
    this.select = state.select & 0xff;
    this.inputs = state.inputs;
    this.low.set(state.low.slice(0, IO_APIC_PINS));
    this.high.set(state.high.slice(0, IO_APIC_PINS));
  }

  private readonly registers: BusHandler = {
    read: (offset) => {
      if ((offset & 0xff) === IOREGSEL) return this.select;
      return (offset & 0xff) === IOWIN ? this.readRegister(this.select) : 0;
    },
    write: (offset, value) => {
      if ((offset & 0xff) === IOREGSEL) this.select = value & 0xff;
      else if ((offset & 0xff) === IOWIN) this.writeRegister(this.select, value);
    },
  };

  private readRegister(index: number): number {
    if (index === REG_ID || index === REG_ARBITRATION) return this.id << 24;
    if (index === REG_VERSION) return VERSION;
    const pin = (index - REG_REDIRECTION) >> 1;
    if (pin < 0 || pin >= IO_APIC_PINS) return 0;
    return (index & 1 ? this.high : this.low)[pin]!;
  }

  private writeRegister(index: number, value: number): void {
    if (index === REG_ID) this.id = (value >>> 24) & 0xf;
    const pin = (index - REG_REDIRECTION) >> 1;
    if (pin < 0 || pin >= IO_APIC_PINS) return;
    if (index & 1) this.high[pin] = value & ENTRY_HIGH_WRITABLE;
    else this.writeEntry(pin, value);
  }

  private writeEntry(pin: number, value: number): void {
    const kept = value & ENTRY_LEVEL ? this.low[pin]! & ENTRY_REMOTE_IRR : 0;
    this.low[pin] = (value & ENTRY_LOW_WRITABLE) | kept;
    this.serveLevel(pin);
  }

  private serveLevel(pin: number): void {
    const entry = this.low[pin]!;
    if (!(entry & ENTRY_LEVEL) || entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR) || !(this.inputs & (1 << pin))) return;
    // An ExtINT request has no vector to acknowledge, so no remote IRR either.
    if (((entry >> 8) & 7) !== DELIVERY_EXTINT) this.low[pin] = entry | ENTRY_REMOTE_IRR;
    this.send(pin);
  }

  private send(pin: number): void {
    const entry = this.low[pin]!;
    this.sink.deliver(
      this.high[pin]! >>> 24,
      (entry & ENTRY_LOGICAL) !== 0,
      (entry >> 8) & 7,
      entry & 0xff,
      (entry & ENTRY_LEVEL) !== 0,
    );
  }
}
