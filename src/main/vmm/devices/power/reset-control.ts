import type { BoardDevice } from '../../base/stateful.js';
import { byteHandler, type ByteRegisters } from '../../bus/byte-handler.js';
import type { PortBus } from '../../bus/port-bus.js';

/** Reset control register, 82371SB data sheet, port CF9h. */
export const RESET_CONTROL_PORT = 0xcf9;

const SYSTEM_RESET = 1 << 1;
const RESET_CPU = 1 << 2;
const WRITABLE = 0x0e;

export interface ResetControlState {
  readonly version: 1;
  readonly control: number;
}

/** Port CF9h: a rise of bit 2 resets; hard and soft reset are one on this board. */
export class ResetControl implements BoardDevice<ResetControlState>, ByteRegisters {
  private control = 0;

  constructor(private readonly requestReset: () => void) {}

  attach(ports: PortBus): void {
    ports.map(RESET_CONTROL_PORT, 1, byteHandler(this, 1));
  }

  read(): number {
    return this.control;
  }

  write(_offset: number, value: number): void {
    const rising = value & ~this.control & RESET_CPU;
    this.control = value & WRITABLE;
    if (rising) this.requestReset();
  }

  /** The kind of reset asked for survives the reset itself. */
  reset(): void {
    this.control &= SYSTEM_RESET;
  }

  saveState(): ResetControlState {
    return { version: 1, control: this.control };
  }

  loadState(state: ResetControlState): void {
    this.control = state.control & WRITABLE;
  }
}
