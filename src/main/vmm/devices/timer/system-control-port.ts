import type { BoardDevice } from '../../base/stateful.js';
import { byteHandler, type ByteRegisters } from '../../bus/byte-handler.js';
import type { PortBus } from '../../bus/port-bus.js';
import type { Clock } from '../../time/clock.js';

/** NMI status and control, 82371SB data sheet, port 61h. */
export const SYSTEM_CONTROL_PORT = 0x61;

const TIMER_2_GATE = 1 << 0;
const WRITABLE = 0x0f;
const REFRESH_TOGGLE = 1 << 4;
const TIMER_2_OUTPUT = 1 << 5;

/** The DRAM refresh request of channel 1: 18 ticks of the 1.193182 MHz clock; software counts its edges to wait. */
const REFRESH_NS = 15_085;

/** Channel 2 of the 8254 as this port sees it. */
export interface SpeakerTimer {
  speakerGate: boolean;
  readonly speakerOutput: boolean;
}

export interface SystemControlPortState {
  readonly version: 1;
  readonly control: number;
}

/** Port 61h: speaker gate and data, refresh toggle, NMI enables (this board has no source of those NMIs). */
export class SystemControlPort implements BoardDevice<SystemControlPortState>, ByteRegisters {
  private control = 0;

  constructor(
    private readonly clock: Clock,
    private readonly timer: SpeakerTimer,
  ) {}

  attach(ports: PortBus): void {
    ports.map(SYSTEM_CONTROL_PORT, 1, byteHandler(this, 1));
  }

  read(): number {
    const refresh = Math.floor(this.clock.nowNs() / REFRESH_NS) & 1 ? REFRESH_TOGGLE : 0;
    return this.control | refresh | (this.timer.speakerOutput ? TIMER_2_OUTPUT : 0);
  }

  write(_offset: number, value: number): void {
    this.control = value & WRITABLE;
    this.timer.speakerGate = (value & TIMER_2_GATE) !== 0;
  }

  reset(): void {
    this.write(0, 0);
  }

  saveState(): SystemControlPortState {
    return { version: 1, control: this.control };
  }

  /** The gate itself is part of the timer's state. */
  loadState(state: SystemControlPortState): void {
    this.control = state.control & WRITABLE;
  }
}
