import type { BoardDevice } from '../../base/stateful.js';
import { byteHandler, type ByteRegisters } from '../../bus/byte-handler.js';
import type { PortBus } from '../../bus/port-bus.js';
import type { A20Gate } from '../../memory/a20-gate.js';

/** PS/2 system control port A. */
export const FAST_A20_PORT = 0x92;

const FAST_RESET = 1 << 0;
const FAST_A20 = 1 << 1;

export interface FastA20PortState {
  readonly version: 1;
  readonly reset: boolean;
}

/** Port 92h: address line 20 and processor reset without the detour through the keyboard controller. */
export class FastA20Port implements BoardDevice<FastA20PortState>, ByteRegisters {
  private resetBit = 0;

  constructor(
    private readonly a20: A20Gate,
    private readonly requestReset: () => void,
  ) {}

  attach(ports: PortBus): void {
    ports.map(FAST_A20_PORT, 1, byteHandler(this, 1));
  }

  read(): number {
    return this.resetBit | (this.a20.enabled ? FAST_A20 : 0);
  }

  write(_offset: number, value: number): void {
    const rising = value & ~this.resetBit & FAST_RESET;
    this.resetBit = value & FAST_RESET;
    this.a20.enabled = (value & FAST_A20) !== 0;
    if (rising) this.requestReset();
  }

  reset(): void {
    this.resetBit = 0;
  }

  saveState(): FastA20PortState {
    return { version: 1, reset: this.resetBit !== 0 };
  }

  loadState(state: FastA20PortState): void {
    this.resetBit = state.reset ? FAST_RESET : 0;
  }
}
