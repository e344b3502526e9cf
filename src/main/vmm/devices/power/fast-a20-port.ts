import type { BoardDevice } from '../../base/stateful.js';
import { byteHandler, type ByteRegisters } from '../../bus/byte-handler.js';
import type { PortBus } from '../../bus/port-bus.js';

/** PS/2 system control port A. */
export const FAST_A20_PORT = 0x92;

const FAST_RESET = 1 << 0;
const FAST_A20 = 1 << 1;

export interface FastA20PortState {
  readonly version: 1;
  readonly control: number;
}

export interface FastA20Ports {
  setA20(enabled: boolean): void;
  requestReset(): void;
}

/** Port 92h: address line 20 and processor reset without the detour through the keyboard controller. */
export class FastA20Port implements BoardDevice<FastA20PortState>, ByteRegisters {
  private control = 0;

  constructor(private readonly ports: FastA20Ports) {}

  attach(ports: PortBus): void {
    ports.map(FAST_A20_PORT, 1, byteHandler(this, 1));
  }

  read(): number {
    return this.control;
  }

  write(_offset: number, value: number): void {
    const rising = value & ~this.control & FAST_RESET;
    this.control = value & (FAST_RESET | FAST_A20);
    this.ports.setA20((value & FAST_A20) !== 0);
    if (rising) this.ports.requestReset();
  }

  reset(): void {
    this.control = 0;
    this.ports.setA20(false);
  }

  saveState(): FastA20PortState {
    return { version: 1, control: this.control };
  }

  loadState(state: FastA20PortState): void {
    this.control = state.control & (FAST_RESET | FAST_A20);
    this.ports.setA20((this.control & FAST_A20) !== 0);
  }
}
