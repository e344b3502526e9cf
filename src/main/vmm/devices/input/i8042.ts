import type { BoardDevice } from '../../base/stateful.js';
import { byteHandler } from '../../bus/byte-handler.js';
import type { IrqLine } from '../../bus/irq-line.js';
import type { PortBus } from '../../bus/port-bus.js';
import type { A20Gate } from '../../memory/a20-gate.js';
import type { Ps2Device } from './ps2-port.js';
import { ScanCodeTranslator } from './scan-code-translator.js';

/** IBM PS/2 Hardware Interface Technical Reference, "Keyboard and auxiliary device controller". */
export const I8042_DATA_PORT = 0x60;
export const I8042_COMMAND_PORT = 0x64;

const STATUS_OUTPUT_FULL = 1 << 0;
const STATUS_SYSTEM = 1 << 2;
const STATUS_COMMAND = 1 << 3;
const STATUS_UNLOCKED = 1 << 4;
const STATUS_AUX_OUTPUT = 1 << 5;

const CONTROL_KEYBOARD_INTERRUPT = 1 << 0;
const CONTROL_AUX_INTERRUPT = 1 << 1;
const CONTROL_SYSTEM = 1 << 2;
const CONTROL_KEYBOARD_DISABLED = 1 << 4;
const CONTROL_AUX_DISABLED = 1 << 5;
const CONTROL_TRANSLATE = 1 << 6;

const OUTPUT_NOT_RESET = 1 << 0;
const OUTPUT_A20 = 1 << 1;
const OUTPUT_KEYBOARD_FULL = 1 << 4;
const OUTPUT_AUX_FULL = 1 << 5;
/** Clock and data lines of both ports idle high. */
const OUTPUT_IDLE = 0xc0;

const CMD_READ_RAM = 0x20;
const CMD_WRITE_RAM = 0x60;
const RAM_BYTES = 32;
const CMD_DISABLE_AUX = 0xa7;
const CMD_ENABLE_AUX = 0xa8;
const CMD_TEST_AUX = 0xa9;
const CMD_SELF_TEST = 0xaa;
const CMD_TEST_KEYBOARD = 0xab;
const CMD_DISABLE_KEYBOARD = 0xad;
const CMD_ENABLE_KEYBOARD = 0xae;
const CMD_READ_INPUT_PORT = 0xc0;
const CMD_READ_OUTPUT_PORT = 0xd0;
const CMD_WRITE_OUTPUT_PORT = 0xd1;
const CMD_WRITE_KEYBOARD_BUFFER = 0xd2;
const CMD_WRITE_AUX_BUFFER = 0xd3;
const CMD_WRITE_AUX = 0xd4;
const CMD_DISABLE_A20 = 0xdd;
const CMD_ENABLE_A20 = 0xdf;
const CMD_READ_TEST_INPUTS = 0xe0;
const CMD_PULSE_FIRST = 0xf0;

const SELF_TEST_PASSED = 0x55;
const INTERFACE_TEST_PASSED = 0x00;
/** Input port: keyboard not locked, colour display, manufacturing jumper absent. */
const INPUT_PORT = 0xb0;

type Source = 'keyboard' | 'aux' | 'controller';

interface OutputByte {
  readonly byte: number;
  readonly source: Source;
}

/** Answers that wait for the output buffer; a host that sends commands without reading loses the rest. */
const MAX_WAITING = 16;

export interface I8042Ports {
  readonly keyboardIrq: IrqLine;
  readonly auxIrq: IrqLine;
  readonly a20: A20Gate;
  requestReset(): void;
}

export interface I8042State {
  readonly version: 1;
  readonly ram: Uint8Array;
  readonly outputPort: number;
  readonly systemFlag: boolean;
  readonly lastWriteWasCommand: boolean;
  readonly expecting: number | null;
  readonly output: OutputByte | null;
  readonly waiting: readonly OutputByte[];
  readonly lastByte: number;
  readonly translatorRelease: boolean;
}

/**
 * Keyboard controller of the PS/2. Bytes of its two devices pass one at a time through the output buffer; the next is
 * fetched when the host has read the last.
 */
export class I8042 implements BoardDevice<I8042State> {
  /** Controller RAM; byte 0 is the command byte. */
  private readonly ram = new Uint8Array(RAM_BYTES);
  private outputPort = 0;
  private systemFlag = false;
  private lastWriteWasCommand = false;
  /** Command whose data byte comes next. */
  private expecting: number | undefined;
  private output: OutputByte | undefined;
  private waiting: OutputByte[] = [];
  private lastByte = 0;
  private refilling = false;
  private readonly translator = new ScanCodeTranslator();

  constructor(
    private readonly keyboard: Ps2Device,
    private readonly aux: Ps2Device,
    private readonly ports: I8042Ports,
  ) {
    keyboard.onData(() => this.refill());
    aux.onData(() => this.refill());
    this.powerOn();
  }

  attach(ports: PortBus): void {
    ports.map(
      I8042_DATA_PORT,
      1,
      byteHandler({ read: () => this.readData(), write: (_offset, value) => this.writeData(value) }, 1),
    );
    ports.map(
      I8042_COMMAND_PORT,
      1,
      byteHandler({ read: () => this.status, write: (_offset, value) => this.command(value) }, 1),
    );
  }

  reset(): void {
    this.powerOn();
    this.ports.a20.enabled = true;
    this.updateInterrupts();
  }

  saveState(): I8042State {
    return {
      version: 1,
      ram: this.ram.slice(),
      outputPort: this.outputPort,
      systemFlag: this.systemFlag,
      lastWriteWasCommand: this.lastWriteWasCommand,
      expecting: this.expecting ?? null,
      output: this.output ?? null,
      waiting: this.waiting.slice(),
      lastByte: this.lastByte,
      translatorRelease: this.translator.releasing,
    };
  }

  loadState(state: I8042State): void {
    this.ram.set(state.ram.subarray(0, RAM_BYTES));
    this.outputPort = state.outputPort & 0xff;
    this.systemFlag = state.systemFlag;
    this.lastWriteWasCommand = state.lastWriteWasCommand;
    this.expecting = state.expecting ?? undefined;
    this.output = state.output ?? undefined;
    this.waiting = state.waiting.slice(0, MAX_WAITING);
    this.lastByte = state.lastByte & 0xff;
    this.translator.releasing = state.translatorRelease;
    this.updateInterrupts();
  }

  private powerOn(): void {
    this.ram.fill(0);
    this.ram[0] = CONTROL_KEYBOARD_DISABLED | CONTROL_AUX_DISABLED | CONTROL_TRANSLATE;
    this.outputPort = OUTPUT_IDLE | OUTPUT_NOT_RESET;
    this.systemFlag = false;
    this.lastWriteWasCommand = false;
    this.expecting = undefined;
    this.output = undefined;
    this.waiting = [];
    this.translator.releasing = false;
  }

  private get control(): number {
    return this.ram[0]!;
  }

  private get status(): number {
    return (
      STATUS_UNLOCKED |
      (this.systemFlag ? STATUS_SYSTEM : 0) |
      (this.lastWriteWasCommand ? STATUS_COMMAND : 0) |
      (this.output ? STATUS_OUTPUT_FULL : 0) |
      (this.output?.source === 'aux' ? STATUS_AUX_OUTPUT : 0)
    );
  }

  /** Reading an empty buffer gives the last byte again. */
  private readData(): number {
    const byte = this.output?.byte ?? this.lastByte;
    this.output = undefined;
    this.updateInterrupts();
    this.refill();
    return byte;
  }

  private writeData(value: number): void {
    const command = this.expecting;
    this.lastWriteWasCommand = false;
    this.expecting = undefined;
    if (command === undefined) this.writeKeyboard(value);
    else this.commandData(command, value);
  }

  /** A byte for the keyboard also enables its clock. */
  private writeKeyboard(value: number): void {
    this.setControl(this.control & ~CONTROL_KEYBOARD_DISABLED);
    this.keyboard.command(value);
    this.refill();
  }

  private commandData(command: number, value: number): void {
    if (command >= CMD_WRITE_RAM && command < CMD_WRITE_RAM + RAM_BYTES) {
      this.writeRam(command - CMD_WRITE_RAM, value);
      return;
    }
    switch (command) {
      case CMD_WRITE_OUTPUT_PORT:
        this.writeOutputPort(value);
        break;
      case CMD_WRITE_KEYBOARD_BUFFER:
        this.answer(value, 'keyboard');
        break;
      case CMD_WRITE_AUX_BUFFER:
        this.answer(value, 'aux');
        break;
      case CMD_WRITE_AUX:
        this.setControl(this.control & ~CONTROL_AUX_DISABLED);
        this.aux.command(value);
        this.refill();
        break;
    }
  }

  private command(value: number): void {
    this.lastWriteWasCommand = true;
    this.expecting = undefined;
    if (value >= CMD_READ_RAM && value < CMD_READ_RAM + RAM_BYTES) this.reply(this.ram[value - CMD_READ_RAM]!);
    else if (value >= CMD_WRITE_RAM && value < CMD_WRITE_RAM + RAM_BYTES) this.expecting = value;
    else if (value >= CMD_PULSE_FIRST) this.pulse(value);
    else this.namedCommand(value);
  }

  private namedCommand(value: number): void {
    switch (value) {
      case CMD_DISABLE_AUX:
        this.setControl(this.control | CONTROL_AUX_DISABLED);
        break;
      case CMD_ENABLE_AUX:
        this.setControl(this.control & ~CONTROL_AUX_DISABLED);
        break;
      case CMD_TEST_AUX:
      case CMD_TEST_KEYBOARD:
        this.reply(INTERFACE_TEST_PASSED);
        break;
      case CMD_SELF_TEST:
        this.systemFlag = true;
        this.ram[0] = this.control | CONTROL_SYSTEM;
        this.waiting = [];
        this.output = undefined;
        this.updateInterrupts();
        this.reply(SELF_TEST_PASSED);
        break;
      case CMD_DISABLE_KEYBOARD:
        this.setControl(this.control | CONTROL_KEYBOARD_DISABLED);
        break;
      case CMD_ENABLE_KEYBOARD:
        this.setControl(this.control & ~CONTROL_KEYBOARD_DISABLED);
        break;
      case CMD_READ_INPUT_PORT:
        this.reply(INPUT_PORT);
        break;
      case CMD_READ_OUTPUT_PORT:
        this.reply(this.readOutputPort());
        break;
      case CMD_WRITE_OUTPUT_PORT:
      case CMD_WRITE_KEYBOARD_BUFFER:
      case CMD_WRITE_AUX_BUFFER:
      case CMD_WRITE_AUX:
        this.expecting = value;
        break;
      case CMD_DISABLE_A20:
        this.ports.a20.enabled = false;
        break;
      case CMD_ENABLE_A20:
        this.ports.a20.enabled = true;
        break;
      case CMD_READ_TEST_INPUTS:
        this.reply(0);
        break;
    }
  }

  private writeRam(index: number, value: number): void {
    if (index === 0) this.setControl(value);
    else this.ram[index] = value;
  }

  private setControl(value: number): void {
    this.ram[0] = value;
    this.systemFlag = (value & CONTROL_SYSTEM) !== 0;
    this.updateInterrupts();
    this.refill();
  }

  private readOutputPort(): number {
    return (
      this.outputPort |
      (this.ports.a20.enabled ? OUTPUT_A20 : 0) |
      (this.output?.source === 'aux' ? OUTPUT_AUX_FULL : 0) |
      (this.output && this.output.source !== 'aux' ? OUTPUT_KEYBOARD_FULL : 0)
    );
  }

  private writeOutputPort(value: number): void {
    this.outputPort = value & (OUTPUT_IDLE | OUTPUT_NOT_RESET);
    this.ports.a20.enabled = (value & OUTPUT_A20) !== 0;
    if (!(value & OUTPUT_NOT_RESET)) this.ports.requestReset();
  }

  /** F0h–FFh pulse the output port bits whose command bits are zero; bit 0 is the processor's reset. */
  private pulse(value: number): void {
    if (!(value & OUTPUT_NOT_RESET)) this.ports.requestReset();
  }

  private reply(byte: number): void {
    this.answer(byte, 'controller');
  }

  /** An answer waits until the host has read what is in the buffer: no scan code is lost to a command. */
  private answer(byte: number, source: Source): void {
    if (this.waiting.length < MAX_WAITING) this.waiting.push({ byte, source });
    this.refill();
  }

  private put(output: OutputByte): void {
    this.output = output;
    this.lastByte = output.byte;
    this.updateInterrupts();
  }

  /** Fills the empty output buffer: own answers first, then a device whose clock is not held. */
  private refill(): void {
    // A device may have more to offer just because it was asked: it is asked again when the host has read.
    if (this.output || this.refilling) return;
    this.refilling = true;
    this.fetch();
    this.refilling = false;
  }

  private fetch(): void {
    const answer = this.waiting.shift();
    if (answer) {
      this.put(answer);
      return;
    }
    if (!(this.control & CONTROL_KEYBOARD_DISABLED) && this.refillFromKeyboard()) return;
    if (this.control & CONTROL_AUX_DISABLED) return;
    const byte = this.aux.take();
    if (byte !== undefined) this.put({ byte, source: 'aux' });
  }

  private refillFromKeyboard(): boolean {
    for (let byte = this.keyboard.take(); byte !== undefined; byte = this.keyboard.take()) {
      const code = this.control & CONTROL_TRANSLATE ? this.translator.translate(byte) : byte;
      if (code === undefined) continue;
      this.put({ byte: code, source: 'keyboard' });
      return true;
    }
    return false;
  }

  private updateInterrupts(): void {
    const isAux = this.output?.source === 'aux';
    const isKeyboard = this.output !== undefined && !isAux;
    this.ports.keyboardIrq.set(isKeyboard && (this.control & CONTROL_KEYBOARD_INTERRUPT) !== 0);
    this.ports.auxIrq.set(isAux && (this.control & CONTROL_AUX_INTERRUPT) !== 0);
  }
}
