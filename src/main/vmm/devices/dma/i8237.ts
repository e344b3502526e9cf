import type { GuestMemory } from '../../memory/guest-memory.js';
import { DmaChannel, type DmaChannelState } from './dma-channel.js';

/** Registers 8–15 of an 8237A (Intel 8237A data sheet, "Software Commands"). */
const REGISTER = { command: 8, request: 9, singleMask: 10, mode: 11, clearFlipFlop: 12, masterClear: 13, clearMask: 14, allMask: 15 }; // prettier-ignore
const STATUS = 8;
const COMMAND_DISABLE = 0x04;

export interface I8237State {
  readonly command: number;
  readonly highByte: boolean;
  readonly channels: readonly DmaChannelState[];
}

/** One 8237A: four channels behind sixteen registers. Transfers are made by the devices on its channels. */
export class I8237 {
  readonly channels: readonly DmaChannel[];
  private command = 0;
  /** The byte pointer flip-flop. */
  private highByte = false;

  constructor(memory: GuestMemory, unitBytes: 1 | 2) {
    const enabled = () => (this.command & COMMAND_DISABLE) === 0;
    this.channels = Array.from({ length: 4 }, () => new DmaChannel(memory, unitBytes, enabled));
  }

  read(register: number): number {
    if (register >= REGISTER.command) return register === STATUS ? this.readStatus() : 0;
    const channel = this.channels[register >> 1]!;
    return this.half((register & 1) === 0 ? channel.address : channel.count);
  }

  write(register: number, value: number): void {
    if (register < REGISTER.command) return this.writeCounter(register, value);
    const channel = this.channels[value & 3]!;
    switch (register) {
      case REGISTER.command:
        this.command = value;
        return this.announce();
      case REGISTER.singleMask:
        channel.masked = (value & 4) !== 0;
        return;
      case REGISTER.mode:
        channel.mode = value & 0xfc;
        return;
      case REGISTER.clearFlipFlop:
        this.highByte = false;
        return;
      case REGISTER.masterClear:
        return this.reset();
      case REGISTER.clearMask:
        return this.setMasks(0);
      case REGISTER.allMask:
        return this.setMasks(value);
    }
  }

  reset(): void {
    this.command = 0;
    this.highByte = false;
    for (const channel of this.channels) channel.reset();
  }

  saveState(): I8237State {
    const { command, highByte, channels } = this;
    return { command, highByte, channels: channels.map((channel) => channel.saveState()) };
  }

  loadState(state: I8237State): void {
    this.command = state.command;
    this.highByte = state.highByte;
    this.channels.forEach((channel, i) => channel.loadState(state.channels[i]!));
  }

  private setMasks(masks: number): void {
    this.channels.forEach((channel, i) => {
      channel.masked = (masks & (1 << i)) !== 0;
    });
  }

  private announce(): void {
    for (const channel of this.channels) channel.announce();
  }

  /** Which channels reached terminal count; reading clears it. */
  private readStatus(): number {
    let status = 0;
    this.channels.forEach((channel, i) => {
      if (channel.terminalCount) status |= 1 << i;
      channel.terminalCount = false;
    });
    return status;
  }

  private half(value: number): number {
    this.highByte = !this.highByte;
    return this.highByte ? value & 0xff : value >> 8;
  }

  private writeCounter(register: number, value: number): void {
    const channel = this.channels[register >> 1]!;
    const merge = (old: number) => (this.highByte ? (old & 0xff) | (value << 8) : (old & 0xff00) | value);
    if ((register & 1) === 0) channel.address = channel.baseAddress = merge(channel.baseAddress);
    else channel.count = channel.baseCount = merge(channel.baseCount);
    this.highByte = !this.highByte;
  }
}
