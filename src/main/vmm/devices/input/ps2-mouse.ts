import type { BoardDevice } from '../../base/stateful.js';
import type { ButtonMask, RelativePointerSink } from './input-sink.js';
import { PS2_ACKNOWLEDGE, PS2_RESEND, PS2_SELF_TEST_PASSED, Ps2Queue, type Ps2Device } from './ps2-port.js';

/** IBM PS/2 Hardware Interface Technical Reference, "Mouse"; IntelliMouse and Explorer extensions by Microsoft. */
const CMD_SCALING_1_1 = 0xe6;
const CMD_SCALING_2_1 = 0xe7;
const CMD_SET_RESOLUTION = 0xe8;
const CMD_STATUS = 0xe9;
const CMD_STREAM_MODE = 0xea;
const CMD_READ_DATA = 0xeb;
const CMD_RESET_WRAP = 0xec;
const CMD_WRAP_MODE = 0xee;
const CMD_REMOTE_MODE = 0xf0;
const CMD_IDENTIFY = 0xf2;
const CMD_SET_SAMPLE_RATE = 0xf3;
const CMD_ENABLE = 0xf4;
const CMD_DISABLE = 0xf5;
const CMD_SET_DEFAULTS = 0xf6;
const CMD_RESEND = 0xfe;
const CMD_RESET = 0xff;

const ID_STANDARD = 0;
const ID_WHEEL = 3;
const ID_FIVE_BUTTONS = 4;
type MouseId = typeof ID_STANDARD | typeof ID_WHEEL | typeof ID_FIVE_BUTTONS;

/** Sample rates set in a row that switch the wheel and the two further buttons on. */
const KNOCK_WHEEL = [200, 100, 80];
const KNOCK_FIVE_BUTTONS = [200, 200, 80];

const STATUS_REMOTE = 0x40;
const STATUS_ENABLED = 0x20;
const STATUS_SCALING = 0x10;
const PACKET_ALWAYS_ONE = 0x08;
const PACKET_X_SIGN = 0x10;
const PACKET_Y_SIGN = 0x20;
const MAX_DELTA = 255;
const MAX_WHEEL = 7;
const MAX_PENDING = 1 << 20;

const DEFAULT_RATE = 100;
const DEFAULT_RESOLUTION = 2;
const QUEUE_BYTES = 32;
/** Motion adds up instead of being queued while this much waits: the pointer never lags behind. */
const BACKLOG_BYTES = 12;

export interface Ps2MouseState {
  readonly version: 1;
  readonly queue: readonly number[];
  readonly expecting: number | null;
  readonly id: MouseId;
  readonly rates: readonly number[];
  readonly resolution: number;
  readonly doubled: boolean;
  readonly remote: boolean;
  readonly wrap: boolean;
  readonly enabled: boolean;
  readonly buttons: number;
  readonly motion: readonly [dx: number, dy: number, wheel: number];
  readonly lastSent: number;
}

/** PS/2 mouse: standard, with wheel, or with five buttons, as the guest switches it. */
export class Ps2Mouse implements BoardDevice<Ps2MouseState>, Ps2Device, RelativePointerSink {
  private readonly queue = new Ps2Queue(QUEUE_BYTES);
  private expecting: number | undefined;
  private id: MouseId = ID_STANDARD;
  /** Last three sample rates, newest last. */
  private rates: number[] = [0, 0, DEFAULT_RATE];
  private resolution = DEFAULT_RESOLUTION;
  private doubled = false;
  private remote = false;
  private wrap = false;
  private enabled = false;
  private buttons: ButtonMask = 0;
  private sentButtons: ButtonMask = 0;
  private dx = 0;
  private dy = 0;
  private wheel = 0;
  private lastSent = 0;

  move(dx: number, dy: number, wheel: number, buttons: ButtonMask): void {
    this.dx = clamp(this.dx + dx, MAX_PENDING);
    this.dy = clamp(this.dy - dy, MAX_PENDING); // the wire counts upward
    this.wheel = clamp(this.wheel + wheel, MAX_PENDING);
    this.buttons = buttons & 0x1f;
    this.stream();
  }

  /** Sends a packet without motion: how the VMware backdoor calls its driver to fetch an absolute position. */
  wake(): void {
    if (this.streaming && this.queue.length <= BACKLOG_BYTES) this.sendPacket();
  }

  command(byte: number): void {
    if (this.wrap && byte !== CMD_RESET_WRAP && byte !== CMD_RESET) {
      this.queue.push(byte);
      return;
    }
    const command = this.expecting;
    this.expecting = undefined;
    if (command !== undefined) this.parameter(command, byte);
    else this.start(byte);
  }

  take(): number | undefined {
    const byte = this.queue.take();
    if (byte === undefined) return undefined;
    this.lastSent = byte;
    this.stream();
    return byte;
  }

  onData(listener: () => void): void {
    this.queue.onData(listener);
  }

  reset(): void {
    this.powerOn();
    this.queue.clear();
    this.expecting = undefined;
  }

  saveState(): Ps2MouseState {
    return {
      version: 1,
      queue: this.queue.toArray(),
      expecting: this.expecting ?? null,
      id: this.id,
      rates: this.rates.slice(),
      resolution: this.resolution,
      doubled: this.doubled,
      remote: this.remote,
      wrap: this.wrap,
      enabled: this.enabled,
      buttons: this.buttons,
      motion: [this.dx, this.dy, this.wheel],
      lastSent: this.lastSent,
    };
  }

  loadState(state: Ps2MouseState): void {
    this.queue.load(state.queue);
    this.expecting = state.expecting ?? undefined;
    this.id = state.id;
    this.rates = state.rates.slice();
    this.resolution = state.resolution;
    this.doubled = state.doubled;
    this.remote = state.remote;
    this.wrap = state.wrap;
    this.enabled = state.enabled;
    this.buttons = state.buttons;
    this.sentButtons = state.buttons;
    [this.dx, this.dy, this.wheel] = state.motion;
    this.lastSent = state.lastSent;
  }

  private get streaming(): boolean {
    return this.enabled && !this.remote;
  }

  private get hasNews(): boolean {
    return this.dx !== 0 || this.dy !== 0 || this.wheel !== 0 || this.buttons !== this.sentButtons;
  }

  private stream(): void {
    if (this.streaming && this.hasNews && this.queue.length <= BACKLOG_BYTES) this.sendPacket();
  }

  private sendPacket(): void {
    const dx = clamp(this.dx, MAX_DELTA);
    const dy = clamp(this.dy, MAX_DELTA);
    this.dx -= dx;
    this.dy -= dy;
    const status = PACKET_ALWAYS_ONE | (this.buttons & 7) | (dx < 0 ? PACKET_X_SIGN : 0) | (dy < 0 ? PACKET_Y_SIGN : 0);
    const packet = [status, this.scaled(dx) & 0xff, this.scaled(dy) & 0xff];
    if (this.id !== ID_STANDARD) packet.push(this.takeWheelByte());
    else this.wheel = 0;
    this.sentButtons = this.buttons;
    this.queue.push(...packet);
  }

  private takeWheelByte(): number {
    const wheel = clamp(this.wheel, MAX_WHEEL);
    this.wheel -= wheel;
    if (this.id === ID_WHEEL) return wheel & 0xff;
    return (wheel & 0x0f) | ((this.buttons & 0x18) << 1);
  }

  /** 2:1 scaling of small movements (only in stream mode): 0 1 1 3 6 9, then doubled. */
  private scaled(delta: number): number {
    if (!this.doubled || this.remote) return delta;
    const magnitude = Math.abs(delta);
    const table = [0, 1, 1, 3, 6, 9];
    return Math.sign(delta) * (table[magnitude] ?? Math.min(magnitude * 2, MAX_DELTA));
  }

  private parameter(command: number, value: number): void {
    if (command === CMD_SET_RESOLUTION) this.resolution = value & 3;
    else this.setSampleRate(value);
    this.queue.push(PS2_ACKNOWLEDGE);
  }

  private setSampleRate(rate: number): void {
    this.rates = [...this.rates.slice(1), rate];
    const knocks = (sequence: readonly number[]): boolean => sequence.every((value, i) => this.rates[i] === value);
    if (knocks(KNOCK_WHEEL) && this.id === ID_STANDARD) this.id = ID_WHEEL;
    if (knocks(KNOCK_FIVE_BUTTONS) && this.id === ID_WHEEL) this.id = ID_FIVE_BUTTONS;
  }

  private start(command: number): void {
    switch (command) {
      case CMD_SCALING_1_1:
      case CMD_SCALING_2_1:
        this.doubled = command === CMD_SCALING_2_1;
        this.queue.push(PS2_ACKNOWLEDGE);
        break;
      case CMD_SET_RESOLUTION:
      case CMD_SET_SAMPLE_RATE:
        this.expecting = command;
        this.queue.push(PS2_ACKNOWLEDGE);
        break;
      case CMD_STATUS:
        this.queue.push(PS2_ACKNOWLEDGE, this.statusByte, this.resolution, this.rates[2]!);
        break;
      case CMD_STREAM_MODE:
        this.setRemote(false);
        break;
      case CMD_REMOTE_MODE:
        this.setRemote(true);
        break;
      case CMD_READ_DATA:
        this.queue.push(PS2_ACKNOWLEDGE);
        this.sendPacket();
        break;
      case CMD_RESET_WRAP:
      case CMD_WRAP_MODE:
        this.wrap = command === CMD_WRAP_MODE;
        this.queue.push(PS2_ACKNOWLEDGE);
        break;
      case CMD_IDENTIFY:
        this.queue.push(PS2_ACKNOWLEDGE, this.id);
        break;
      case CMD_ENABLE:
      case CMD_DISABLE:
        this.answerFresh(PS2_ACKNOWLEDGE);
        this.enabled = command === CMD_ENABLE;
        this.forgetMotion();
        break;
      case CMD_SET_DEFAULTS:
        this.setDefaults();
        this.answerFresh(PS2_ACKNOWLEDGE);
        break;
      case CMD_RESEND:
        this.queue.push(this.lastSent);
        break;
      case CMD_RESET:
        this.powerOn();
        this.answerFresh(PS2_ACKNOWLEDGE, PS2_SELF_TEST_PASSED, ID_STANDARD);
        break;
      default:
        this.queue.push(PS2_RESEND);
    }
  }

  private get statusByte(): number {
    const { buttons } = this;
    const swapped = ((buttons & 1) << 2) | ((buttons & 4) >> 1) | ((buttons & 2) >> 1);
    return (
      (this.remote ? STATUS_REMOTE : 0) |
      (this.enabled ? STATUS_ENABLED : 0) |
      (this.doubled ? STATUS_SCALING : 0) |
      swapped
    );
  }

  private answerFresh(...bytes: readonly number[]): void {
    this.queue.clear();
    this.queue.push(...bytes);
  }

  private setRemote(remote: boolean): void {
    this.remote = remote;
    this.forgetMotion();
    this.answerFresh(PS2_ACKNOWLEDGE);
  }

  private forgetMotion(): void {
    this.dx = 0;
    this.dy = 0;
    this.wheel = 0;
  }

  private setDefaults(): void {
    this.rates = [0, 0, DEFAULT_RATE];
    this.resolution = DEFAULT_RESOLUTION;
    this.doubled = false;
    this.remote = false;
    this.enabled = false;
    this.forgetMotion();
  }

  private powerOn(): void {
    this.setDefaults();
    this.wrap = false;
    this.id = ID_STANDARD;
  }
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}
