import type { BoardDevice } from '../../base/stateful.js';
import { byteHandler, type ByteRegisters } from '../../bus/byte-handler.js';
import type { IrqLine } from '../../bus/irq-line.js';
import type { PortBus } from '../../bus/port-bus.js';
import type { Timer, TimerQueue } from '../../time/timers.js';
import { PitCounter, type PitCounterState, type PitMode } from './pit-counter.js';

/** Intel 8254 data sheet (231164-005). */
export const PIT_PORT = 0x40;
export const PIT_PORTS = 4;

const CONTROL_OFFSET = 3;
const CONTROL_READ_BACK = 3;
const READ_BACK_NO_COUNT = 1 << 5;
const READ_BACK_NO_STATUS = 1 << 4;

/** Read/write field of the control word. */
const ACCESS_LATCH = 0;
const ACCESS_LOW = 1;
const ACCESS_HIGH = 2;
const ACCESS_BOTH = 3;

export interface PitChannelState {
  readonly version: 1;
  readonly counter: PitCounterState;
  readonly access: number;
  readonly writtenLow: number | null;
  readonly readHighNext: boolean;
  readonly latchedCount: number | null;
  readonly latchedStatus: number | null;
}

export interface I8254State {
  readonly version: 1;
  readonly channels: readonly PitChannelState[];
}

/** One channel's registers: byte order of writes and reads, and the latches. */
class PitChannel {
  readonly counter: PitCounter;
  private access = ACCESS_BOTH;
  private writtenLow: number | undefined;
  private readHighNext = false;
  private latchedCount: number | undefined;
  private latchedStatus: number | undefined;

  constructor(gate: boolean) {
    this.counter = new PitCounter(gate);
  }

  control(value: number): void {
    this.access = (value >> 4) & 3;
    const mode = (value >> 1) & 7;
    this.counter.configure((mode > 5 ? mode - 4 : mode) as PitMode, (value & 1) !== 0);
    this.writtenLow = undefined;
    this.readHighNext = false;
    this.latchedCount = undefined;
    this.latchedStatus = undefined;
  }

  latchCount(nowNs: number): void {
    this.latchedCount ??= this.counter.value(nowNs);
  }

  latchStatus(nowNs: number): void {
    const out = this.counter.output(nowNs) ? 0x80 : 0;
    const nullCount = this.counter.nullCount(nowNs) ? 0x40 : 0;
    const bcd = this.counter.bcd ? 1 : 0;
    this.latchedStatus ??= out | nullCount | (this.access << 4) | (this.counter.mode << 1) | bcd;
  }

  read(nowNs: number): number {
    if (this.latchedStatus !== undefined) {
      const status = this.latchedStatus;
      this.latchedStatus = undefined;
      return status;
    }
    const count = this.latchedCount ?? this.counter.value(nowNs);
    const high = this.access === ACCESS_HIGH || (this.access === ACCESS_BOTH && this.readHighNext);
    if (this.access === ACCESS_BOTH) this.readHighNext = !this.readHighNext;
    if (this.access !== ACCESS_BOTH || high) this.latchedCount = undefined;
    return high ? count >> 8 : count & 0xff;
  }

  /** @returns whether the count is complete */
  write(value: number, nowNs: number): boolean {
    if (this.access === ACCESS_BOTH && this.writtenLow === undefined) {
      this.writtenLow = value;
      this.counter.lowByteWritten();
      return false;
    }
    const low = this.access === ACCESS_LOW ? value : (this.writtenLow ?? 0);
    const high = this.access === ACCESS_LOW ? 0 : value;
    this.writtenLow = undefined;
    this.counter.load((high << 8) | low, nowNs);
    return true;
  }

  saveState(): PitChannelState {
    return {
      version: 1,
      counter: this.counter.saveState(),
      access: this.access,
      writtenLow: this.writtenLow ?? null,
      readHighNext: this.readHighNext,
      latchedCount: this.latchedCount ?? null,
      latchedStatus: this.latchedStatus ?? null,
    };
  }

  loadState(state: PitChannelState): void {
    this.counter.loadState(state.counter);
    this.access = state.access;
    this.writtenLow = state.writtenLow ?? undefined;
    this.readHighNext = state.readHighNext;
    this.latchedCount = state.latchedCount ?? undefined;
    this.latchedStatus = state.latchedStatus ?? undefined;
  }
}

/**
 * 8254 of a PC: channel 0 drives IRQ 0, channel 1 is the refresh timer nobody sees, channel 2 the speaker. The
 * interrupt is a pulse at each rise of OUT 0; rises a late host missed are one pulse.
 */
export class I8254 implements BoardDevice<I8254State>, ByteRegisters {
  private readonly channels = [new PitChannel(true), new PitChannel(true), new PitChannel(false)] as const;
  private readonly timer: Timer;

  constructor(
    private readonly timers: TimerQueue,
    private readonly irq: IrqLine,
  ) {
    this.timer = timers.create((nowNs) => this.rise(nowNs));
  }

  attach(ports: PortBus): void {
    ports.map(PIT_PORT, PIT_PORTS, byteHandler(this, PIT_PORTS));
  }

  /** Gate of channel 2: port 61h bit 0. */
  get speakerGate(): boolean {
    return this.channels[2].counter.gate;
  }

  set speakerGate(high: boolean) {
    this.channels[2].counter.setGate(high, this.nowNs);
  }

  /** OUT 2. */
  get speakerOutput(): boolean {
    return this.channels[2].counter.output(this.nowNs);
  }

  read(offset: number): number {
    return offset === CONTROL_OFFSET ? 0xff : this.channels[offset]!.read(this.nowNs);
  }

  write(offset: number, value: number): void {
    // A rise that is due but not yet delivered would be forgotten with what this write replaces.
    this.timers.poll();
    const now = this.nowNs;
    if (offset === CONTROL_OFFSET) this.control(value, now);
    else if (this.channels[offset]!.write(value, now) && offset === 0) this.schedule(now);
  }

  reset(): void {
    for (const [index, channel] of this.channels.entries()) {
      channel.loadState(new PitChannel(index !== 2).saveState());
    }
    this.schedule(this.nowNs);
  }

  saveState(): I8254State {
    return { version: 1, channels: this.channels.map((channel) => channel.saveState()) };
  }

  loadState(state: I8254State): void {
    for (const [index, channel] of this.channels.entries()) channel.loadState(state.channels[index]!);
    this.schedule(this.nowNs);
  }

  private get nowNs(): number {
    return this.timers.clock.nowNs();
  }

  private control(value: number, nowNs: number): void {
    const select = value >> 6;
    if (select === CONTROL_READ_BACK) {
      this.readBack(value, nowNs);
      return;
    }
    const channel = this.channels[select]!;
    if (((value >> 4) & 3) === ACCESS_LATCH) {
      channel.latchCount(nowNs);
      return;
    }
    channel.control(value);
    if (select === 0) this.schedule(nowNs);
  }

  private readBack(value: number, nowNs: number): void {
    for (const [index, channel] of this.channels.entries()) {
      if (!(value & (2 << index))) continue;
      if (!(value & READ_BACK_NO_COUNT)) channel.latchCount(nowNs);
      if (!(value & READ_BACK_NO_STATUS)) channel.latchStatus(nowNs);
    }
  }

  private rise(nowNs: number): void {
    this.irq.set(true);
    this.irq.set(false);
    this.schedule(nowNs);
  }

  /**
   * Arms the timer for the first rise after `afterNs`, the moment of what changed the counter: a short count may be over
   * before this is done, and its rise must still come.
   */
  private schedule(afterNs: number): void {
    const next = this.channels[0].counter.nextRiseNs(afterNs);
    if (next === undefined) this.timer.disarm();
    else this.timer.arm(next);
  }
}
