import type { BoardDevice } from '../../base/stateful.js';
import type { BusHandler } from '../../bus/access.js';
import type { PortBus } from '../../bus/port-bus.js';
import type { AbsolutePointerSink, ButtonMask } from './input-sink.js';

/** Protocol of open-vm-tools (lib/include/backdoor_def.h) and of Linux's vmmouse driver. */
export const BACKDOOR_PORT = 0x5658;
const BACKDOOR_PORTS = 4;
const MAGIC = 0x564d_5868;

const CMD_GET_MHZ = 1;
const CMD_GET_VERSION = 10;
const CMD_GET_SCREEN_SIZE = 15;
const CMD_GET_MEMORY_SIZE = 20;
const CMD_GET_TIME = 23;
const CMD_POINTER_DATA = 39;
const CMD_POINTER_STATUS = 40;
const CMD_POINTER_COMMAND = 41;
const CMD_GET_TIME_FULL = 46;

/** Protocol version 6, product "Workstation". */
const PROTOCOL_VERSION = 6;
const PRODUCT_WORKSTATION = 4;

const POINTER_ENABLE = 0x4541_4552;
const POINTER_DISABLE = 0x0000_00f5;
const POINTER_RELATIVE = 0x4c45_5252;
const POINTER_ABSOLUTE = 0x5342_4152;
const POINTER_VERSION_ID = 0x3442_554a;
const POINTER_ERROR = 0xffff_0000;
/** Words of one pointer packet: flags and buttons, x, y, z. */
const PACKET_WORDS = 4;
const MAX_QUEUED_WORDS = 64 * PACKET_WORDS;
const MAX_DATA_WORDS = 6;

const BUTTON_LEFT = 0x20;
const BUTTON_RIGHT = 0x10;
const BUTTON_MIDDLE = 0x08;

const NOT_OFFERED = 0xffff_ffff;

/** Registers that carry arguments and results; EAX's result is what the IN instruction reads. */
export type BackdoorRegister = 'rax' | 'rbx' | 'rcx' | 'rdx' | 'rsi' | 'rdi';

export interface BackdoorPorts {
  readonly registers: {
    get32(register: BackdoorRegister): number;
    set32(register: BackdoorRegister, value: number): void;
  };
  readonly cpuMhz: number;
  readonly memoryBytes: number;
  /** Whether absolute pointing is offered. */
  readonly pointer: boolean;
  /** Wall-clock time in ms since 1970, UTC. */
  wallMs(): number;
  /** Visible screen in pixels. */
  screenSize(): { readonly width: number; readonly height: number };
  /** A packet waits: the PS/2 mouse's interrupt makes the guest's driver fetch it. */
  wakeMouse(): void;
}

export interface VmwareBackdoorState {
  readonly version: 1;
  readonly enabled: boolean;
  readonly absolute: boolean;
  readonly words: readonly number[];
}

/** VMware's backdoor: an IN from port 5658h with a magic EAX is a call to the machine monitor. */
export class VmwareBackdoor implements BoardDevice<VmwareBackdoorState>, AbsolutePointerSink {
  private enabled = false;
  private absolute = false;
  private words: number[] = [];

  constructor(private readonly ports: BackdoorPorts) {}

  attach(ports: PortBus): void {
    ports.map(BACKDOOR_PORT, BACKDOOR_PORTS, this.handler);
  }

  get active(): boolean {
    return this.enabled && this.absolute;
  }

  moveTo(x: number, y: number, wheel: number, buttons: ButtonMask): void {
    if (!this.active) return;
    const flags =
      (buttons & 1 ? BUTTON_LEFT : 0) | (buttons & 2 ? BUTTON_RIGHT : 0) | (buttons & 4 ? BUTTON_MIDDLE : 0);
    if (this.words.length + PACKET_WORDS > MAX_QUEUED_WORDS) this.words.splice(0, PACKET_WORDS);
    this.words.push(flags, x & 0xffff, y & 0xffff, wheel >>> 0);
    this.ports.wakeMouse();
  }

  reset(): void {
    this.enabled = false;
    this.absolute = false;
    this.words = [];
  }

  saveState(): VmwareBackdoorState {
    return { version: 1, enabled: this.enabled, absolute: this.absolute, words: this.words.slice() };
  }

  loadState(state: VmwareBackdoorState): void {
    this.enabled = state.enabled;
    this.absolute = state.absolute;
    this.words = state.words.slice(0, MAX_QUEUED_WORDS);
  }

  private readonly handler: BusHandler = {
    read: (offset, size) => {
      const { registers } = this.ports;
      const isCall = offset === 0 && size === 4 && registers.get32('rax') >>> 0 === MAGIC;
      return isCall ? this.call(registers.get32('rcx') & 0xffff) : NOT_OFFERED;
    },
    write: () => undefined,
  };

  /** @returns the new EAX */
  private call(command: number): number {
    const { registers } = this.ports;
    switch (command) {
      case CMD_GET_MHZ:
        return this.ports.cpuMhz;
      case CMD_GET_VERSION:
        registers.set32('rbx', MAGIC);
        registers.set32('rcx', PRODUCT_WORKSTATION);
        return PROTOCOL_VERSION;
      case CMD_GET_SCREEN_SIZE: {
        const { width, height } = this.ports.screenSize();
        return ((width << 16) | (height & 0xffff)) >>> 0;
      }
      case CMD_GET_MEMORY_SIZE:
        return Math.floor(this.ports.memoryBytes / (1 << 20));
      case CMD_GET_TIME:
        return this.getTime();
      case CMD_GET_TIME_FULL:
        return this.getTimeFull();
      default:
        return this.ports.pointer ? this.pointerCall(command) : NOT_OFFERED;
    }
  }

  /** EAX seconds, EBX microseconds, ECX lag limit in µs, EDX minutes west of UTC: the time is given in UTC. */
  private getTime(): number {
    const { registers } = this.ports;
    const milliseconds = this.ports.wallMs();
    registers.set32('rbx', Math.floor((milliseconds % 1000) * 1000));
    registers.set32('rcx', 1_000_000);
    registers.set32('rdx', 0);
    return Math.floor(milliseconds / 1000) >>> 0;
  }

  /** Like {@link getTime} with 64-bit seconds in ESI:EDX; EAX is the magic. */
  private getTimeFull(): number {
    const { registers } = this.ports;
    const seconds = this.getTime();
    registers.set32('rsi', Math.floor(this.ports.wallMs() / 1000 / 2 ** 32));
    registers.set32('rdx', seconds);
    return MAGIC;
  }

  private pointerCall(command: number): number {
    switch (command) {
      case CMD_POINTER_STATUS:
        return this.enabled ? this.words.length : POINTER_ERROR;
      case CMD_POINTER_DATA:
        return this.readPointerData(this.ports.registers.get32('rbx') >>> 0);
      case CMD_POINTER_COMMAND:
        this.pointerCommand(this.ports.registers.get32('rbx') >>> 0);
        return 0;
      default:
        return NOT_OFFERED;
    }
  }

  private pointerCommand(command: number): void {
    switch (command) {
      case POINTER_ENABLE:
        this.enabled = true;
        this.words = [POINTER_VERSION_ID];
        break;
      case POINTER_DISABLE:
        this.reset();
        break;
      case POINTER_RELATIVE:
        this.absolute = false;
        break;
      case POINTER_ABSOLUTE:
        this.absolute = this.enabled;
        break;
    }
  }

  /** Up to six words at a time, to EAX, EBX, ECX, EDX, ESI and EDI; more than there are is a protocol error. */
  private readPointerData(count: number): number {
    if (count === 0 || count > MAX_DATA_WORDS || count > this.words.length) {
      this.reset();
      return POINTER_ERROR;
    }
    const [first = 0, ...rest] = this.words.splice(0, count);
    const targets = ['rbx', 'rcx', 'rdx', 'rsi', 'rdi'] as const;
    rest.forEach((word, index) => this.ports.registers.set32(targets[index]!, word));
    return first;
  }
}
