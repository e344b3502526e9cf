import type { PortBus } from '../../../bus/port-bus.js';
import type { Timer, TimerQueue } from '../../../time/timers.js';
import { BDA } from '../data-area.js';
import type { ServiceCall, Wait } from '../service-call.js';

const BAUD_BASE = 115_200;
const RATES = [110, 150, 300, 600, 1200, 2400, 4800, 9600] as const;
const DATA_READY = 0x01;
const TRANSMITTER_EMPTY = 0x20;
const TIMED_OUT = 0x80;
const TIMEOUT_NS = 1_000_000_000;
const POLL_NS = 1_000_000;

/** INT 14h on the ports the data area lists. */
export class SerialService {
  private readonly alarm: Timer;

  constructor(
    private readonly ports: PortBus,
    private readonly timers: TimerQueue,
  ) {
    this.alarm = timers.create(() => {});
  }

  handle(call: ServiceCall): void | Generator<Wait, void> {
    const base = call.dx < 4 ? call.memory.read16(BDA.comPorts + call.dx * 2) : 0;
    if (base === 0) return;
    switch (call.ah) {
      case 0x00:
        return this.initialise(call, base);
      case 0x01:
        return this.send(call, base);
      case 0x02:
        return this.receive(call, base);
      case 0x03:
        return this.status(call, base);
      default:
        return;
    }
  }

  /** AL: rate in bits 7:5, parity 4:3, stop bits 2, length 1:0. */
  private initialise(call: ServiceCall, base: number): void {
    const divisor = Math.round(BAUD_BASE / RATES[call.al >> 5]!);
    this.ports.write(base + 3, 0x80, 1);
    this.ports.write(base, divisor & 0xff, 1);
    this.ports.write(base + 1, divisor >> 8, 1);
    this.ports.write(base + 3, call.al & 0x1f, 1);
    this.status(call, base);
  }

  private status(call: ServiceCall, base: number): void {
    call.ax = (this.ports.read(base + 5, 1) << 8) | this.ports.read(base + 6, 1);
  }

  private *send(call: ServiceCall, base: number): Generator<Wait, void> {
    const line = yield* this.waitFor(base, TRANSMITTER_EMPTY);
    if (!(line & TIMED_OUT)) this.ports.write(base, call.al, 1);
    call.ah = line;
  }

  private *receive(call: ServiceCall, base: number): Generator<Wait, void> {
    const line = yield* this.waitFor(base, DATA_READY);
    if (!(line & TIMED_OUT)) call.al = this.ports.read(base, 1);
    call.ah = line & 0x9e;
  }

  /** @returns line status, with {@link TIMED_OUT} if none of `mask` came up */
  private *waitFor(base: number, mask: number): Generator<Wait, number> {
    const { clock } = this.timers;
    const deadline = clock.nowNs() + TIMEOUT_NS;
    for (;;) {
      const line = this.ports.read(base + 5, 1) & 0x7f;
      if (line & mask) return line;
      if (clock.nowNs() >= deadline) return line | TIMED_OUT;
      this.alarm.arm(clock.nowNs() + POLL_NS);
      yield 'event';
    }
  }
}
