import type { BoardDevice } from '../../base/stateful.js';
import { byteHandler, type ByteRegisters } from '../../bus/byte-handler.js';
import type { IrqLine } from '../../bus/irq-line.js';
import type { PortBus } from '../../bus/port-bus.js';

/** Coprocessor error register (Intel 82371SB PIIX3 data sheet, 2.5.5). */
export const COPROCESSOR_ERROR_PORT = 0xf0;

export interface CoprocessorErrorState {
  readonly version: 1;
  readonly errorPin: boolean;
  readonly requested: boolean;
  readonly ignored: boolean;
}

/**
 * The x87 error logic of a PC: an error the processor tells on FERR# becomes IRQ 13, until the handler writes to port
 * F0h. From then to the end of the error IGNNE# lets the handler itself use the coprocessor (SDM vol. 1, 8.7.2).
 */
export class CoprocessorError implements BoardDevice<CoprocessorErrorState>, ByteRegisters {
  private asserted = false;
  private requested = false;
  private ignoring = false;

  constructor(private readonly irq: IrqLine) {}

  attach(ports: PortBus): void {
    ports.map(COPROCESSOR_ERROR_PORT, 1, byteHandler(this, 1));
  }

  /** FERR#. */
  set errorPin(asserted: boolean) {
    const rising = asserted && !this.asserted;
    this.asserted = asserted;
    if (!asserted) this.ignoring = false;
    if (rising) this.request(true);
  }

  /** IGNNE#. */
  get ignored(): boolean {
    return this.ignoring;
  }

  read(): number {
    return 0xff;
  }

  write(): void {
    this.request(false);
    this.ignoring = this.asserted;
  }

  reset(): void {
    this.asserted = false;
    this.ignoring = false;
    this.request(false);
  }

  saveState(): CoprocessorErrorState {
    return { version: 1, errorPin: this.asserted, requested: this.requested, ignored: this.ignoring };
  }

  loadState(state: CoprocessorErrorState): void {
    this.asserted = state.errorPin;
    this.ignoring = state.ignored;
    this.request(state.requested);
  }

  private request(requested: boolean): void {
    this.requested = requested;
    this.irq.set(requested);
  }
}
