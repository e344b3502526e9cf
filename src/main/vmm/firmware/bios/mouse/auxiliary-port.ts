import type { PortBus } from '../../../bus/port-bus.js';
import type { Timer, TimerQueue } from '../../../time/timers.js';
import type { Wait } from '../service-call.js';

const DATA = 0x60;
const STATUS = 0x64;
const STATUS_OUTPUT_FULL = 0x01;
const STATUS_AUXILIARY = 0x20;
const READ_COMMAND_BYTE = 0x20;
const WRITE_COMMAND_BYTE = 0x60;
const WRITE_TO_MOUSE = 0xd4;
const COMMAND_MOUSE_INTERRUPT = 0x02;
const COMMAND_MOUSE_DISABLED = 0x20;
const COMMAND_KEYBOARD_DISABLED = 0x10;
const ACKNOWLEDGE = 0xfa;
const REPLY_TIMEOUT_NS = 100_000_000;
const POLL_NS = 1_000_000;

/** The mouse behind the keyboard controller (IBM PS/2 technical reference; 8042 commands). */
export class AuxiliaryPort {
  private readonly alarm: Timer;

  constructor(
    private readonly ports: PortBus,
    private readonly timers: TimerQueue,
  ) {
    this.alarm = timers.create(() => {});
  }

  /** Sends command bytes, each acknowledged, and collects the answer; `undefined` if the mouse stays silent. */
  *command(bytes: readonly number[], answerBytes: number): Generator<Wait, number[] | undefined> {
    const before = this.commandByte();
    this.setCommandByte((before & ~(COMMAND_MOUSE_INTERRUPT | COMMAND_MOUSE_DISABLED)) | COMMAND_KEYBOARD_DISABLED);
    try {
      return yield* this.exchange(bytes, answerBytes);
    } finally {
      this.setCommandByte(before);
    }
  }

  setInterrupts(on: boolean): void {
    const command = this.commandByte() & ~(COMMAND_MOUSE_INTERRUPT | COMMAND_MOUSE_DISABLED);
    this.setCommandByte(command | (on ? COMMAND_MOUSE_INTERRUPT : COMMAND_MOUSE_DISABLED));
  }

  /** A byte of the mouse's, if one is there. */
  receive(): number | undefined {
    const wanted = STATUS_OUTPUT_FULL | STATUS_AUXILIARY;
    return (this.ports.read(STATUS, 1) & wanted) === wanted ? this.ports.read(DATA, 1) : undefined;
  }

  private *exchange(bytes: readonly number[], answerBytes: number): Generator<Wait, number[] | undefined> {
    for (const byte of bytes) {
      this.ports.write(STATUS, WRITE_TO_MOUSE, 1);
      this.ports.write(DATA, byte, 1);
      if ((yield* this.reply()) !== ACKNOWLEDGE) return undefined;
    }
    const answer: number[] = [];
    while (answer.length < answerBytes) {
      const byte = yield* this.reply();
      if (byte === undefined) return undefined;
      answer.push(byte);
    }
    return answer;
  }

  private *reply(): Generator<Wait, number | undefined> {
    const { clock } = this.timers;
    const deadline = clock.nowNs() + REPLY_TIMEOUT_NS;
    for (;;) {
      const byte = this.receive();
      if (byte !== undefined) return byte;
      if (clock.nowNs() >= deadline) return undefined;
      this.alarm.arm(clock.nowNs() + POLL_NS);
      yield 'event';
    }
  }

  private commandByte(): number {
    this.ports.write(STATUS, READ_COMMAND_BYTE, 1);
    return this.ports.read(DATA, 1);
  }

  private setCommandByte(value: number): void {
    this.ports.write(STATUS, WRITE_COMMAND_BYTE, 1);
    this.ports.write(DATA, value, 1);
  }
}
