import type { BoardDevice } from '../../base/stateful.js';
import { byteHandler, type ByteRegisters } from '../../bus/byte-handler.js';
import type { IrqLine } from '../../bus/irq-line.js';
import type { PortBus } from '../../bus/port-bus.js';
import { NS_PER_SECOND } from '../../time/frequencies.js';
import type { Timer, TimerQueue } from '../../time/timers.js';
import type { SerialPeer, SerialReceiver } from './serial-port.js';

/** National Semiconductor PC16550D data sheet (June 1995), chapter 8. */
export const UART_PORTS = 8;
export const COM_PORTS = { 1: { port: 0x3f8, irq: 4 }, 2: { port: 0x2f8, irq: 3 } } as const;

const REG_DATA = 0;
const REG_IER = 1;
const REG_IIR_FCR = 2;
const REG_LCR = 3;
const REG_MCR = 4;
const REG_LSR = 5;
const REG_MSR = 6;
const REG_SCRATCH = 7;

const IER_RECEIVED = 1 << 0;
const IER_TRANSMIT_EMPTY = 1 << 1;
const IER_LINE_STATUS = 1 << 2;
const IER_MODEM_STATUS = 1 << 3;
const IER_WRITABLE = 0x0f;

const IIR_NONE = 0x01;
const IIR_MODEM_STATUS = 0x00;
const IIR_TRANSMIT_EMPTY = 0x02;
const IIR_RECEIVED = 0x04;
const IIR_LINE_STATUS = 0x06;
const IIR_TIMEOUT = 0x0c;
const IIR_FIFOS_ON = 0xc0;

const FCR_ENABLE = 1 << 0;
const FCR_CLEAR_RECEIVE = 1 << 1;
const FIFO_BYTES = 16;
const TRIGGER_LEVELS = [1, 4, 8, 14] as const;

const LCR_DIVISOR_LATCH = 1 << 7;
const LCR_BREAK = 1 << 6;

const MCR_DTR = 1 << 0;
const MCR_RTS = 1 << 1;
const MCR_OUT1 = 1 << 2;
/** OUT2 gates the interrupt on the PC's serial boards. */
const MCR_OUT2 = 1 << 3;
const MCR_LOOPBACK = 1 << 4;
const MCR_WRITABLE = 0x1f;

const LSR_DATA_READY = 1 << 0;
const LSR_OVERRUN = 1 << 1;
const LSR_BREAK = 1 << 4;
const LSR_TRANSMIT_IDLE = 0x60;
const LSR_ERRORS = 0x1e;

const MSR_CTS = 1 << 4;
const MSR_DSR = 1 << 5;
const MSR_RI = 1 << 6;
const MSR_DCD = 1 << 7;
const MSR_TRAILING_EDGE_RI = 1 << 2;

/** The far end of the cable is always there and ready. */
const PEER_LINES = MSR_CTS | MSR_DSR | MSR_DCD;

/** Input clock 1.8432 MHz / 16. */
const BAUD_BASE = 115_200;
const TIMEOUT_CHARACTERS = 4;

export interface Uart16550State {
  readonly version: 1;
  readonly interruptEnable: number;
  readonly fifosOn: boolean;
  readonly trigger: number;
  readonly lineControl: number;
  readonly modemControl: number;
  readonly lineErrors: number;
  readonly modemStatus: number;
  readonly scratch: number;
  readonly divisor: number;
  readonly fifo: readonly number[];
  readonly transmitEmptyPending: boolean;
  readonly timedOut: boolean;
}

/**
 * 16550A. A byte written is on the wire at once, whatever the divisor says: software cannot tell but by measuring the
 * line's speed, and nobody has to wait for it. The divisor only times the receive FIFO's character timeout.
 */
export class Uart16550 implements BoardDevice<Uart16550State>, ByteRegisters, SerialReceiver {
  private interruptEnable = 0;
  private fifosOn = false;
  private trigger = 1;
  private lineControl = 0;
  private modemControl = 0;
  private lineErrors = 0;
  private modemStatus = PEER_LINES;
  private scratch = 0;
  private divisor = 12;
  private fifo: number[] = [];
  private transmitEmptyPending = false;
  private timedOut = false;
  private roomListener: () => void = () => undefined;
  private readonly timeout: Timer;

  constructor(
    private readonly timers: TimerQueue,
    private readonly irq: IrqLine,
    private readonly peer: SerialPeer,
  ) {
    this.timeout = timers.create(() => this.characterTimeout());
  }

  attach(ports: PortBus, first: number): void {
    ports.map(first, UART_PORTS, byteHandler(this, UART_PORTS));
  }

  receive(bytes: Uint8Array): number {
    if (this.modemControl & MCR_LOOPBACK) return 0; // the line is cut; it is offered again when loopback ends
    const taken = Math.min(this.capacity - this.fifo.length, bytes.length);
    for (let i = 0; i < taken; i++) this.enqueue(bytes[i]!);
    return Math.max(taken, 0);
  }

  onRoom(listener: () => void): void {
    this.roomListener = listener;
  }

  read(offset: number): number {
    switch (offset) {
      case REG_DATA:
        return this.divisorLatch ? this.divisor & 0xff : this.readData();
      case REG_IER:
        return this.divisorLatch ? this.divisor >> 8 : this.interruptEnable;
      case REG_IIR_FCR:
        return this.readIdentification();
      case REG_LCR:
        return this.lineControl;
      case REG_MCR:
        return this.modemControl;
      case REG_LSR:
        return this.readLineStatus();
      case REG_MSR:
        return this.readModemStatus();
      default:
        return this.scratch;
    }
  }

  write(offset: number, value: number): void {
    switch (offset) {
      case REG_DATA:
        if (this.divisorLatch) this.divisor = (this.divisor & 0xff00) | value;
        else this.transmit(value);
        break;
      case REG_IER:
        if (this.divisorLatch) this.divisor = (this.divisor & 0xff) | (value << 8);
        else this.writeInterruptEnable(value);
        break;
      case REG_IIR_FCR:
        this.writeFifoControl(value);
        break;
      case REG_LCR:
        this.writeLineControl(value);
        break;
      case REG_MCR:
        this.writeModemControl(value);
        break;
      case REG_SCRATCH:
        this.scratch = value;
        break;
    }
    this.update();
  }

  reset(): void {
    this.interruptEnable = 0;
    this.fifosOn = false;
    this.trigger = 1;
    this.lineControl = 0;
    this.modemControl = 0;
    this.lineErrors = 0;
    this.modemStatus = PEER_LINES;
    this.transmitEmptyPending = false;
    this.clearReceiver();
    this.update();
  }

  saveState(): Uart16550State {
    return {
      version: 1,
      interruptEnable: this.interruptEnable,
      fifosOn: this.fifosOn,
      trigger: this.trigger,
      lineControl: this.lineControl,
      modemControl: this.modemControl,
      lineErrors: this.lineErrors,
      modemStatus: this.modemStatus,
      scratch: this.scratch,
      divisor: this.divisor,
      fifo: this.fifo.slice(),
      transmitEmptyPending: this.transmitEmptyPending,
      timedOut: this.timedOut,
    };
  }

  loadState(state: Uart16550State): void {
    this.interruptEnable = state.interruptEnable & IER_WRITABLE;
    this.fifosOn = state.fifosOn;
    this.trigger = state.trigger;
    this.lineControl = state.lineControl & 0xff;
    this.modemControl = state.modemControl & MCR_WRITABLE;
    this.lineErrors = state.lineErrors & LSR_ERRORS;
    this.modemStatus = state.modemStatus & 0xff;
    this.scratch = state.scratch & 0xff;
    this.divisor = state.divisor & 0xffff;
    this.fifo = state.fifo.slice(0, FIFO_BYTES);
    this.transmitEmptyPending = state.transmitEmptyPending;
    this.timedOut = state.timedOut;
    this.armTimeout();
    this.update();
  }

  private get divisorLatch(): boolean {
    return (this.lineControl & LCR_DIVISOR_LATCH) !== 0;
  }

  private get capacity(): number {
    return this.fifosOn ? FIFO_BYTES : 1;
  }

  private enqueue(byte: number): void {
    this.fifo.push(byte);
    this.timedOut = false;
    this.armTimeout();
    this.update();
  }

  /** Time of start bit, data, parity and stop bits of a few characters at the programmed speed. */
  private armTimeout(): void {
    if (!this.fifosOn || this.fifo.length === 0 || this.fifo.length >= this.trigger) {
      this.timeout.disarm();
      return;
    }
    const bits = 1 + 5 + (this.lineControl & 3) + (this.lineControl & 8 ? 1 : 0) + (this.lineControl & 4 ? 2 : 1);
    const characterNs = (bits * NS_PER_SECOND * Math.max(this.divisor, 1)) / BAUD_BASE;
    this.timeout.arm(this.timers.clock.nowNs() + TIMEOUT_CHARACTERS * characterNs);
  }

  private characterTimeout(): void {
    this.timedOut = true;
    this.update();
  }

  private readData(): number {
    const byte = this.fifo.shift() ?? 0;
    this.timedOut = false;
    this.armTimeout();
    this.update();
    if (this.fifo.length === 0) this.roomListener();
    return byte;
  }

  /** The holding register fills and empties again: an edge-triggered listener must see the request go and come. */
  private transmit(value: number): void {
    this.transmitEmptyPending = false;
    this.update();
    if (this.modemControl & MCR_LOOPBACK) this.loop(value);
    else this.peer.transmit(value);
    this.transmitEmptyPending = true;
  }

  private loop(value: number): void {
    if (this.fifo.length >= this.capacity) this.lineErrors |= LSR_OVERRUN;
    else this.enqueue(value);
  }

  /** Enabling the interrupt while the transmitter is empty raises it (data sheet, 8.5). */
  private writeInterruptEnable(value: number): void {
    const enabled = value & ~this.interruptEnable;
    this.interruptEnable = value & IER_WRITABLE;
    if (enabled & IER_TRANSMIT_EMPTY) this.transmitEmptyPending = true;
  }

  private writeFifoControl(value: number): void {
    const on = (value & FCR_ENABLE) !== 0;
    if (on !== this.fifosOn || (on && value & FCR_CLEAR_RECEIVE)) this.clearReceiver();
    this.fifosOn = on;
    this.trigger = on ? TRIGGER_LEVELS[(value >> 6) & 3]! : 1;
    this.armTimeout();
  }

  private writeLineControl(value: number): void {
    const rising = value & ~this.lineControl & LCR_BREAK;
    this.lineControl = value;
    if (rising && this.modemControl & MCR_LOOPBACK) {
      this.lineErrors |= LSR_BREAK;
      this.loop(0);
    }
  }

  private writeModemControl(value: number): void {
    const loopbackEnded = (this.modemControl & ~value & MCR_LOOPBACK) !== 0;
    this.modemControl = value & MCR_WRITABLE;
    this.setModemLines(this.modemControl & MCR_LOOPBACK ? loopedLines(this.modemControl) : PEER_LINES);
    if (loopbackEnded) this.roomListener();
  }

  /** Sets the input lines and the delta bits of those that changed. */
  private setModemLines(lines: number): void {
    const before = this.modemStatus & 0xf0;
    let deltas = ((lines ^ before) & (MSR_CTS | MSR_DSR | MSR_DCD)) >> 4;
    if (before & ~lines & MSR_RI) deltas |= MSR_TRAILING_EDGE_RI;
    this.modemStatus = lines | (this.modemStatus & 0x0f) | deltas;
  }

  private clearReceiver(): void {
    this.fifo = [];
    this.timedOut = false;
    this.timeout.disarm();
    this.roomListener();
  }

  private readLineStatus(): number {
    const status = this.lineErrors | LSR_TRANSMIT_IDLE | (this.fifo.length > 0 ? LSR_DATA_READY : 0);
    this.lineErrors = 0;
    this.update();
    return status;
  }

  private readModemStatus(): number {
    const status = this.modemStatus;
    this.modemStatus &= 0xf0;
    this.update();
    return status;
  }

  private readIdentification(): number {
    const cause = this.cause();
    if (cause === IIR_TRANSMIT_EMPTY) {
      this.transmitEmptyPending = false;
      this.update();
    }
    return cause | (this.fifosOn ? IIR_FIFOS_ON : 0);
  }

  /** The pending interrupt of highest priority (data sheet, table III). */
  private cause(): number {
    const enabled = this.interruptEnable;
    if (enabled & IER_LINE_STATUS && this.lineErrors !== 0) return IIR_LINE_STATUS;
    if (enabled & IER_RECEIVED && this.fifo.length >= this.trigger) return IIR_RECEIVED;
    if (enabled & IER_RECEIVED && this.timedOut) return IIR_TIMEOUT;
    if (enabled & IER_TRANSMIT_EMPTY && this.transmitEmptyPending) return IIR_TRANSMIT_EMPTY;
    if (enabled & IER_MODEM_STATUS && this.modemStatus & 0x0f) return IIR_MODEM_STATUS;
    return IIR_NONE;
  }

  private update(): void {
    // In loopback OUT2 goes to DCD instead of the board's interrupt gate.
    const gated = (this.modemControl & (MCR_OUT2 | MCR_LOOPBACK)) === MCR_OUT2;
    this.irq.set(gated && this.cause() !== IIR_NONE);
  }
}

/** Modem inputs while looped back: RTS → CTS, DTR → DSR, OUT1 → RI, OUT2 → DCD (data sheet, 8.6.7). */
function loopedLines(modemControl: number): number {
  return (
    (modemControl & MCR_RTS ? MSR_CTS : 0) |
    (modemControl & MCR_DTR ? MSR_DSR : 0) |
    (modemControl & MCR_OUT1 ? MSR_RI : 0) |
    (modemControl & MCR_OUT2 ? MSR_DCD : 0)
  );
}
