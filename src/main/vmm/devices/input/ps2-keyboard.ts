import type { KeyCode } from '../../../../shared/contract/input.js';
import type { BoardDevice } from '../../base/stateful.js';
import type { KeySink } from './input-sink.js';
import { keySequence } from './key-codes.js';
import { PS2_ACKNOWLEDGE, PS2_RESEND, PS2_SELF_TEST_PASSED, Ps2Queue, type Ps2Device } from './ps2-port.js';
import { toSet1 } from './scan-code-translator.js';

/** IBM PS/2 Hardware Interface Technical Reference, "101- and 102-key keyboard". */
const CMD_SET_LEDS = 0xed;
const CMD_ECHO = 0xee;
const CMD_SCAN_CODE_SET = 0xf0;
const CMD_IDENTIFY = 0xf2;
const CMD_SET_TYPEMATIC = 0xf3;
const CMD_ENABLE = 0xf4;
const CMD_DISABLE = 0xf5;
const CMD_SET_DEFAULTS = 0xf6;
const CMD_RESEND = 0xfe;
const CMD_RESET = 0xff;

const IDENTITY = [0xab, 0x83];
const OVERRUN_SET2 = 0x00;
const OVERRUN_SET1 = 0xff;
const LED_SCROLL = 1 << 0;
const LED_NUM = 1 << 1;
const LED_CAPS = 1 << 2;
const RELEASE_PREFIX = 0xf0;
const EXTENDED_PREFIX = 0xe0;
const PAUSE_PREFIX = 0xe1;

/** Key codes wait here while the host does not fetch them: room for about 40 strokes. */
const QUEUE_BYTES = 128;
/** Kept free so that a command is always answered and an overrun can be told. */
const RESERVED_BYTES = 8;

/** Set 3 would be a third table for terminals of the 1980s: the keyboard says it has none. */
type ScanCodeSet = 1 | 2;

export interface Ps2KeyboardState {
  readonly version: 1;
  readonly queue: readonly number[];
  readonly expecting: number | null;
  readonly set: ScanCodeSet;
  readonly enabled: boolean;
  readonly leds: number;
  readonly lastSent: number;
  readonly pressed: readonly KeyCode[];
}

/** PS/2 keyboard. Repeating a held key (typematic) is left to the host, which repeats the key event. */
export class Ps2Keyboard implements BoardDevice<Ps2KeyboardState>, Ps2Device, KeySink {
  private readonly queue = new Ps2Queue(QUEUE_BYTES);
  /** Command whose parameter comes next. */
  private expecting: number | undefined;
  private set: ScanCodeSet = 2;
  private enabled = true;
  private ledBits = 0;
  private lastSent = 0;
  private pressed = new Set<KeyCode>();
  /** The last stroke was lost. */
  private overrun = false;

  get leds(): { readonly caps: boolean; readonly num: boolean; readonly scroll: boolean } {
    return {
      caps: (this.ledBits & LED_CAPS) !== 0,
      num: (this.ledBits & LED_NUM) !== 0,
      scroll: (this.ledBits & LED_SCROLL) !== 0,
    };
  }

  key(code: KeyCode, down: boolean): void {
    // A release the guest never saw the press of would confuse it.
    if (!down && !this.pressed.has(code)) return;
    if (down) this.pressed.add(code);
    else this.pressed.delete(code);
    if (this.enabled) this.send(this.encode(keySequence(code, down, this.modifiers)));
  }

  command(byte: number): void {
    const command = this.expecting;
    this.expecting = undefined;
    // A byte of the command range ends a command that waits for its parameter.
    if (command !== undefined && byte < CMD_SET_LEDS) this.parameter(command, byte);
    else this.start(byte);
  }

  take(): number | undefined {
    const byte = this.queue.take();
    if (byte !== undefined) this.lastSent = byte;
    return byte;
  }

  onData(listener: () => void): void {
    this.queue.onData(listener);
  }

  /** Power-on; the keys under the person's fingers stay pressed. */
  reset(): void {
    this.setDefaults();
    this.queue.clear();
    this.expecting = undefined;
    this.enabled = true;
    this.ledBits = 0;
    this.pressed.clear();
  }

  saveState(): Ps2KeyboardState {
    return {
      version: 1,
      queue: this.queue.toArray(),
      expecting: this.expecting ?? null,
      set: this.set,
      enabled: this.enabled,
      leds: this.ledBits,
      lastSent: this.lastSent,
      pressed: [...this.pressed],
    };
  }

  loadState(state: Ps2KeyboardState): void {
    this.queue.load(state.queue);
    this.expecting = state.expecting ?? undefined;
    this.set = state.set;
    this.enabled = state.enabled;
    this.ledBits = state.leds;
    this.lastSent = state.lastSent;
    this.pressed = new Set(state.pressed);
  }

  private get modifiers(): { control: boolean; shift: boolean; alt: boolean } {
    const held = (left: KeyCode, right: KeyCode): boolean => this.pressed.has(left) || this.pressed.has(right);
    return {
      control: held('ControlLeft', 'ControlRight'),
      shift: held('ShiftLeft', 'ShiftRight'),
      alt: held('AltLeft', 'AltRight'),
    };
  }

  /** A stroke that does not fit whole is lost, and the overrun code says so once. */
  private send(bytes: readonly number[]): void {
    const fits = this.queue.length + bytes.length <= QUEUE_BYTES - RESERVED_BYTES;
    if (fits) this.queue.push(...bytes);
    else if (!this.overrun) this.queue.push(this.set === 1 ? OVERRUN_SET1 : OVERRUN_SET2);
    this.overrun = !fits;
  }

  /** Set 2 bytes in the set in force. */
  private encode(set2: readonly number[]): readonly number[] {
    if (this.set === 2) return set2;
    const result: number[] = [];
    let release = 0;
    for (const byte of set2) {
      if (byte === RELEASE_PREFIX) release = 0x80;
      else if (byte === EXTENDED_PREFIX || byte === PAUSE_PREFIX) result.push(byte);
      else {
        result.push(toSet1(byte) | release);
        release = 0;
      }
    }
    return result;
  }

  private parameter(command: number, value: number): void {
    switch (command) {
      case CMD_SET_LEDS:
        this.ledBits = value & 7;
        this.queue.push(PS2_ACKNOWLEDGE);
        break;
      case CMD_SCAN_CODE_SET:
        this.selectSet(value);
        break;
      case CMD_SET_TYPEMATIC:
        this.queue.push(PS2_ACKNOWLEDGE);
        break;
    }
  }

  private selectSet(value: number): void {
    if (value > 2) {
      this.queue.push(PS2_RESEND);
      return;
    }
    this.queue.push(PS2_ACKNOWLEDGE);
    if (value === 0) this.queue.push(this.set);
    else this.set = value as ScanCodeSet;
  }

  private start(command: number): void {
    switch (command) {
      case CMD_SET_LEDS:
      case CMD_SCAN_CODE_SET:
      case CMD_SET_TYPEMATIC:
        this.expecting = command;
        this.queue.push(PS2_ACKNOWLEDGE);
        break;
      case CMD_ECHO:
        this.queue.push(CMD_ECHO);
        break;
      case CMD_IDENTIFY:
        this.queue.push(PS2_ACKNOWLEDGE, ...IDENTITY);
        break;
      case CMD_ENABLE:
        this.answerFresh(PS2_ACKNOWLEDGE);
        this.enabled = true;
        break;
      case CMD_DISABLE:
        this.setDefaults();
        this.answerFresh(PS2_ACKNOWLEDGE);
        this.enabled = false;
        break;
      case CMD_SET_DEFAULTS:
        this.setDefaults();
        this.answerFresh(PS2_ACKNOWLEDGE);
        break;
      case CMD_RESEND:
        this.queue.push(this.lastSent);
        break;
      case CMD_RESET:
        this.setDefaults();
        this.enabled = true;
        this.answerFresh(PS2_ACKNOWLEDGE, PS2_SELF_TEST_PASSED);
        break;
      default:
        this.queue.push(PS2_RESEND);
    }
  }

  /** These commands clear the output buffer before they answer. */
  private answerFresh(...bytes: readonly number[]): void {
    this.queue.clear();
    this.queue.push(...bytes);
  }

  private setDefaults(): void {
    this.set = 2;
  }
}
