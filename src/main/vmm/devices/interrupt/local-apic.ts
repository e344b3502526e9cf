import type { BoardDevice } from '../../base/stateful.js';
import type { AccessSize, BusHandler } from '../../bus/access.js';
import type { MmioBus } from '../../bus/mmio-bus.js';
import type { TimerQueue } from '../../time/timers.js';
import { ApicTimer, type ApicTimerState } from './apic-timer.js';
import * as message from './apic-message.js';
import { VectorSet } from './vector-set.js';

/** SDM vol. 3 (edition 2023-09), chapter 11. Register offsets in the 4 KiB page. */
export const LOCAL_APIC_BASE = 0xfee0_0000;
export const LOCAL_APIC_BYTES = 0x1000;

const REG_ID = 0x020;
const REG_VERSION = 0x030;
const REG_TPR = 0x080;
const REG_APR = 0x090;
const REG_PPR = 0x0a0;
const REG_EOI = 0x0b0;
const REG_LDR = 0x0d0;
const REG_DFR = 0x0e0;
const REG_SVR = 0x0f0;
const REG_ISR = 0x100;
const REG_TMR = 0x180;
const REG_IRR = 0x200;
const REG_ESR = 0x280;
const REG_ICR_LOW = 0x300;
const REG_ICR_HIGH = 0x310;
const REG_LVT_FIRST = 0x320;
const REG_LVT_LAST = 0x370;
const REG_INITIAL_COUNT = 0x380;
const REG_CURRENT_COUNT = 0x390;
const REG_DIVIDE = 0x3e0;

/** Version 14h (integrated APIC), six LVT entries. */
const VERSION = 0x0005_0014;

const SVR_ENABLE = 1 << 8;
const SVR_WRITABLE = 0x3ff;
const LVT_MASKED = 1 << 16;

/** Local vector table entries in register order. */
const LVT_TIMER = 0;
const LVT_LINT0 = 3;
const LVT_ERROR = 5;
const LVT_WRITABLE = [0x7_00ff, 0x1_07ff, 0x1_07ff, 0x1_a7ff, 0x1_a7ff, 0x1_00ff] as const;

const ESR_SEND_ILLEGAL_VECTOR = 1 << 5;
const ESR_RECEIVE_ILLEGAL_VECTOR = 1 << 6;
const ESR_ILLEGAL_REGISTER = 1 << 7;
const FIRST_LEGAL_VECTOR = 16;

const ICR_LOW_WRITABLE = 0x000c_cfff;
const ICR_ASSERT = 1 << 14;
const ICR_LOGICAL = 1 << 11;
const ICR_LEVEL = 1 << 15;
const SHORTHAND_NONE = 0;
const SHORTHAND_SELF = 1;
const SHORTHAND_ALL = 2;

export const MSR_APIC_BASE = 0x1b;
export const MSR_TSC_DEADLINE = 0x6e0;
const BASE_BOOTSTRAP = 1 << 8;
const BASE_X2APIC = 1 << 10;
const BASE_ENABLE = 1 << 11;
const BASE_RESERVED = 0x2ff;

/** What a local APIC does to its processor and to the rest of the board. */
export interface LocalApicPorts {
  /** There may be something to deliver, or no longer. */
  interruptRequest(asserted: boolean): void;
  nmi(): void;
  init(): void;
  startup(vector: number): void;
  /** EOI of a level-triggered interrupt, to the I/O APICs. */
  broadcastEoi(vector: number): void;
  /** An interprocessor interrupt to others. */
  readonly messages: message.ApicMessageSink;
  /** Interrupt acknowledge cycle to the 8259A pair. */
  acknowledgeExternal(): number;
}

export interface LocalApicState {
  readonly version: 1;
  readonly base: number;
  readonly id: number;
  readonly taskPriority: number;
  readonly logicalDestination: number;
  readonly destinationFormat: number;
  readonly spurious: number;
  readonly requests: readonly number[];
  readonly inService: readonly number[];
  readonly triggerMode: readonly number[];
  readonly errors: number;
  readonly latchedErrors: number;
  readonly icrLow: number;
  readonly icrHigh: number;
  readonly lvt: readonly number[];
  readonly externalLine: boolean;
  readonly externalMessage: boolean;
  readonly timer: ApicTimerState;
}

/**
 * Local APIC of one processor in xAPIC mode. It also carries the 8259A pair's INTR to the processor: straight through
 * while it is globally disabled, else by LINT0 as ExtINT ("virtual wire"), which is how LINT0 is set at power-on so that
 * an operating system that never touches the APIC gets its interrupts.
 */
export class LocalApic implements BoardDevice<LocalApicState> {
  /** Expiries of its timer since it was made. */
  timerInterrupts = 0;
  private base = 0;
  private id = 0;
  private taskPriority = 0;
  private logicalDestination = 0;
  private destinationFormat = 0xffff_ffff;
  private spurious = 0xff;
  private readonly requests = new VectorSet();
  private readonly inService = new VectorSet();
  private readonly triggerMode = new VectorSet();
  private errors = 0;
  private latchedErrors = 0;
  private icrLow = 0;
  private icrHigh = 0;
  private readonly lvt = new Int32Array(6);
  private externalLine = false;
  private externalMessage = false;
  private requesting = false;
  private unmap: () => void = () => undefined;
  private readonly timer: ApicTimer;

  constructor(
    private readonly physicalId: number,
    timers: TimerQueue,
    private readonly mmio: MmioBus,
    private readonly ports: LocalApicPorts,
  ) {
    this.timer = new ApicTimer(timers, () => {
      this.timerInterrupts++;
      this.raiseLocal(LVT_TIMER);
    });
    this.reset();
  }

  /** INTR of the 8259A pair, wired to LINT0. */
  setExternalInterrupt(asserted: boolean): void {
    const rising = asserted && !this.externalLine;
    this.externalLine = asserted;
    if (rising && this.globallyEnabled && this.deliveryOf(LVT_LINT0) !== message.DELIVERY_EXTINT) {
      this.raiseLocal(LVT_LINT0);
    }
    this.update();
  }

  /** Whether a message is for this APIC (SDM vol. 3, 11.6.2). */
  isAddressed(destination: number, logical: boolean): boolean {
    if (!logical) return destination === this.id || destination === message.BROADCAST_DESTINATION;
    const own = this.logicalDestination >>> 24;
    if (this.destinationFormat >>> 28 === 0xf) return (own & destination) !== 0;
    const sameCluster = own >>> 4 === destination >>> 4 || destination >>> 4 === 0xf;
    return sameCluster && (own & destination & 0xf) !== 0;
  }

  /** Takes a message addressed to it. */
  accept(delivery: number, vector: number, level: boolean): void {
    switch (delivery) {
      case message.DELIVERY_FIXED:
      case message.DELIVERY_LOWEST_PRIORITY:
        this.request(vector, level);
        break;
      case message.DELIVERY_NMI:
        this.ports.nmi();
        break;
      case message.DELIVERY_INIT:
        this.ports.init();
        break;
      case message.DELIVERY_STARTUP:
        this.ports.startup(vector);
        break;
      case message.DELIVERY_EXTINT:
        this.externalMessage = true;
        this.update();
        break;
    }
  }

  /** Interrupt acknowledge of the processor: the vector to deliver, -1 if there is none. */
  acknowledge(): number {
    const vector = this.deliverable();
    if (vector >= 0) {
      this.requests.delete(vector);
      this.inService.add(vector);
      this.update();
      return vector;
    }
    if (!this.externalPending) return this.requests.highest() >= 0 && this.enabled ? this.spurious & 0xff : -1;
    this.externalMessage = false;
    const external = this.ports.acknowledgeExternal();
    this.update();
    return external;
  }

  /** CR8 is bits 7:4 of the task priority. */
  get priorityClass(): number {
    return this.taskPriority >>> 4;
  }

  set priorityClass(value: number) {
    this.setTaskPriority((value & 0xf) << 4);
  }

  /** IA32_APIC_BASE, low half; the high half is zero. */
  get baseMsr(): number {
    return this.base >>> 0;
  }

  /** @returns false if the value must fault: reserved bits, x2APIC mode, or an address above 4 GiB */
  writeBaseMsr(low: number, high: number): boolean {
    if (high !== 0 || low & (BASE_X2APIC | BASE_RESERVED)) return false;
    const wasEnabled = this.globallyEnabled;
    this.base = (low & ~BASE_BOOTSTRAP) | (this.base & BASE_BOOTSTRAP);
    if (wasEnabled && !this.globallyEnabled) this.resetRegisters();
    this.remap();
    this.update();
    return true;
  }

  get tscDeadline(): number {
    return this.timer.tscDeadline;
  }

  set tscDeadline(tsc: number) {
    this.timer.tscDeadline = tsc;
  }

  /** Power-on reset. */
  reset(): void {
    this.base = LOCAL_APIC_BASE | BASE_ENABLE | (this.physicalId === 0 ? BASE_BOOTSTRAP : 0);
    this.id = this.physicalId;
    this.resetRegisters();
    this.remap();
    this.update();
  }

  saveState(): LocalApicState {
    return {
      version: 1,
      base: this.base,
      id: this.id,
      taskPriority: this.taskPriority,
      logicalDestination: this.logicalDestination,
      destinationFormat: this.destinationFormat,
      spurious: this.spurious,
      requests: this.requests.toArray(),
      inService: this.inService.toArray(),
      triggerMode: this.triggerMode.toArray(),
      errors: this.errors,
      latchedErrors: this.latchedErrors,
      icrLow: this.icrLow,
      icrHigh: this.icrHigh,
      lvt: Array.from(this.lvt),
      externalLine: this.externalLine,
      externalMessage: this.externalMessage,
      timer: this.timer.saveState(),
    };
  }

  loadState(state: LocalApicState): void {
    this.base = state.base;
    this.id = state.id;
    this.taskPriority = state.taskPriority;
    this.logicalDestination = state.logicalDestination;
    this.destinationFormat = state.destinationFormat;
    this.spurious = state.spurious;
    this.requests.load(state.requests);
    this.inService.load(state.inService);
    this.triggerMode.load(state.triggerMode);
    this.errors = state.errors;
    this.latchedErrors = state.latchedErrors;
    this.icrLow = state.icrLow;
    this.icrHigh = state.icrHigh;
    this.lvt.set(state.lvt.slice(0, this.lvt.length));
    this.externalLine = state.externalLine;
    this.externalMessage = state.externalMessage;
    this.timer.loadState(state.timer);
    this.remap();
    this.update();
  }

  private readonly registers: BusHandler = {
    read: (offset, size) => this.readAt(offset, size),
    write: (offset, value, size) => {
      // Registers are 32 bits wide and 16-byte aligned; anything else is undefined (SDM vol. 3, 11.4.1).
      if (size === 4 && (offset & 0xf) === 0) this.writeRegister(offset, value);
    },
  };

  private get globallyEnabled(): boolean {
    return (this.base & BASE_ENABLE) !== 0;
  }

  private get enabled(): boolean {
    return this.globallyEnabled && (this.spurious & SVR_ENABLE) !== 0;
  }

  private get externalPending(): boolean {
    if (!this.globallyEnabled) return this.externalLine;
    if (this.externalMessage) return true;
    const entry = this.lvt[LVT_LINT0]!;
    return this.externalLine && !(entry & LVT_MASKED) && this.deliveryOf(LVT_LINT0) === message.DELIVERY_EXTINT;
  }

  private get processorPriority(): number {
    const served = this.inService.highest();
    const servedClass = served < 0 ? 0 : served & 0xf0;
    return this.taskPriority >= servedClass ? this.taskPriority : servedClass;
  }

  /** The request that outranks the processor priority, or -1. */
  private deliverable(): number {
    if (!this.enabled) return -1;
    const vector = this.requests.highest();
    return vector >= 0 && (vector & 0xf0) > (this.processorPriority & 0xf0) ? vector : -1;
  }

  private update(): void {
    const requesting = this.externalPending || this.deliverable() >= 0;
    if (requesting === this.requesting) return;
    this.requesting = requesting;
    this.ports.interruptRequest(requesting);
  }

  private deliveryOf(entry: number): number {
    return (this.lvt[entry]! >> 8) & 7;
  }

  private request(vector: number, level: boolean): void {
    if (!this.enabled) return;
    if (vector < FIRST_LEGAL_VECTOR) {
      this.error(ESR_RECEIVE_ILLEGAL_VECTOR);
      return;
    }
    this.requests.add(vector);
    if (level) this.triggerMode.add(vector);
    else this.triggerMode.delete(vector);
    this.update();
  }

  private raiseLocal(entry: number): void {
    const value = this.lvt[entry]!;
    if (value & LVT_MASKED) return;
    const hasDelivery = entry !== LVT_TIMER && entry !== LVT_ERROR;
    this.accept(hasDelivery ? this.deliveryOf(entry) : message.DELIVERY_FIXED, value & 0xff, false);
  }

  private error(bit: number): void {
    const first = (this.errors & bit) === 0;
    this.errors |= bit;
    // An illegal vector in the error entry itself must not raise errors without end.
    if (first) this.raiseLocal(LVT_ERROR);
  }

  private setTaskPriority(value: number): void {
    this.taskPriority = value & 0xff;
    this.update();
  }

  private endOfInterrupt(): void {
    const vector = this.inService.highest();
    if (vector < 0) return;
    this.inService.delete(vector);
    if (this.triggerMode.has(vector)) this.ports.broadcastEoi(vector);
    this.update();
  }

  private readAt(offset: number, size: AccessSize): number {
    const value = this.readRegister(offset & ~0xf);
    if ((offset & 0xf) === 0 && size === 4) return value;
    return value >>> (8 * (offset & 3));
  }

  private readRegister(offset: number): number {
    if (offset >= REG_ISR && offset < REG_ESR) return this.readVectorSet(offset);
    if (offset >= REG_LVT_FIRST && offset <= REG_LVT_LAST) return this.lvt[(offset - REG_LVT_FIRST) >> 4]!;
    switch (offset) {
      case REG_ID:
        return this.id << 24;
      case REG_VERSION:
        return VERSION;
      case REG_TPR:
        return this.taskPriority;
      case REG_APR:
      case REG_PPR:
        return this.processorPriority;
      case REG_EOI:
        return 0;
      case REG_LDR:
        return this.logicalDestination;
      case REG_DFR:
        return this.destinationFormat;
      case REG_SVR:
        return this.spurious;
      case REG_ESR:
        return this.latchedErrors;
      case REG_ICR_LOW:
        return this.icrLow;
      case REG_ICR_HIGH:
        return this.icrHigh;
      case REG_INITIAL_COUNT:
        return this.timer.initialCount;
      case REG_CURRENT_COUNT:
        return this.timer.currentCount;
      case REG_DIVIDE:
        return this.timer.divideConfiguration;
      default:
        this.error(ESR_ILLEGAL_REGISTER);
        return 0;
    }
  }

  private readVectorSet(offset: number): number {
    const set = offset < REG_TMR ? this.inService : offset < REG_IRR ? this.triggerMode : this.requests;
    return set.word((offset >> 4) & 7);
  }

  private writeRegister(offset: number, value: number): void {
    if (offset >= REG_LVT_FIRST && offset <= REG_LVT_LAST) {
      this.writeLvt((offset - REG_LVT_FIRST) >> 4, value);
      return;
    }
    switch (offset) {
      case REG_ID:
        this.id = value >>> 24;
        break;
      case REG_TPR:
        this.setTaskPriority(value);
        break;
      case REG_EOI:
        this.endOfInterrupt();
        break;
      case REG_LDR:
        this.logicalDestination = (value & 0xff00_0000) >>> 0;
        break;
      case REG_DFR:
        this.destinationFormat = (value | 0x0fff_ffff) >>> 0;
        break;
      case REG_SVR:
        this.writeSpurious(value);
        break;
      case REG_ESR:
        this.latchedErrors = this.errors;
        this.errors = 0;
        break;
      case REG_ICR_LOW:
        this.icrLow = value & ICR_LOW_WRITABLE;
        this.sendInterprocessor();
        break;
      case REG_ICR_HIGH:
        this.icrHigh = (value & 0xff00_0000) >>> 0;
        break;
      case REG_INITIAL_COUNT:
        this.timer.initialCount = value;
        break;
      case REG_DIVIDE:
        this.timer.divideConfiguration = value;
        break;
      default:
        if (!isReadOnly(offset)) this.error(ESR_ILLEGAL_REGISTER);
    }
  }

  private writeSpurious(value: number): void {
    this.spurious = value & SVR_WRITABLE;
    if (!this.enabled) for (let i = 0; i < this.lvt.length; i++) this.lvt[i]! |= LVT_MASKED;
    this.update();
  }

  private writeLvt(entry: number, value: number): void {
    const forced = this.enabled ? 0 : LVT_MASKED;
    this.lvt[entry] = (value & LVT_WRITABLE[entry]!) | forced;
    if (entry === LVT_TIMER) this.timer.setMode((value >> 17) & 3);
    this.update();
  }

  private sendInterprocessor(): void {
    const delivery = (this.icrLow >> 8) & 7;
    const vector = this.icrLow & 0xff;
    const level = (this.icrLow & ICR_LEVEL) !== 0;
    if (delivery === message.DELIVERY_INIT && level && !(this.icrLow & ICR_ASSERT)) return; // INIT level de-assert
    if (delivery <= message.DELIVERY_LOWEST_PRIORITY && vector < FIRST_LEGAL_VECTOR) {
      this.error(ESR_SEND_ILLEGAL_VECTOR);
      return;
    }
    const shorthand = (this.icrLow >> 18) & 3;
    if (shorthand === SHORTHAND_NONE) {
      this.ports.messages.deliver(this.icrHigh >>> 24, (this.icrLow & ICR_LOGICAL) !== 0, delivery, vector, false);
      return;
    }
    // The board has one processor: "all excluding self" reaches nobody.
    if (shorthand === SHORTHAND_SELF || shorthand === SHORTHAND_ALL) this.accept(delivery, vector, false);
  }

  private resetRegisters(): void {
    this.taskPriority = 0;
    this.logicalDestination = 0;
    this.destinationFormat = 0xffff_ffff;
    this.spurious = 0xff;
    this.requests.clear();
    this.inService.clear();
    this.triggerMode.clear();
    this.errors = 0;
    this.latchedErrors = 0;
    this.icrLow = 0;
    this.icrHigh = 0;
    this.lvt.fill(LVT_MASKED);
    this.lvt[LVT_LINT0] = message.DELIVERY_EXTINT << 8;
    this.externalMessage = false;
    this.timer.reset();
  }

  private remap(): void {
    this.unmap();
    this.unmap = this.globallyEnabled
      ? this.mmio.map((this.base & 0xffff_f000) >>> 0, LOCAL_APIC_BYTES, this.registers)
      : () => undefined;
  }
}

function isReadOnly(offset: number): boolean {
  if (offset >= REG_ISR && offset < REG_ESR) return true;
  return [REG_VERSION, REG_APR, REG_PPR, REG_CURRENT_COUNT].includes(offset);
}
