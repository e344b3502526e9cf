import { BlockChannelClient } from '../rings/block-channel-client.js';
import type { Firmware } from '../../vmm/firmware/firmware.js';
import type { MachineControl, MachineState } from '../../vmm/machine/machine.js';
import type { MachinePorts } from '../../vmm/machine/machine-ports.js';
import type { SerialPortNumber } from '../../vmm/machine/machine-spec.js';
import { AsideRing } from '../../vmm/memory/aside-ring.js';
import type { GuestMemory } from '../../vmm/memory/guest-memory.js';
import { HostClock } from '../../vmm/time/clock.js';
import { SteadyClock } from '../../vmm/time/steady-clock.js';
import { loadFailure } from '../vm-errors.js';
import { SerialLine } from '../serial/serial-line.js';
import { ChunkLoader, type LoadPlan } from '../snapshot/chunk-loader.js';
import type { FrozenMachine } from '../snapshot/snapshot-messages.js';
import { DriveRack } from './drive-rack.js';
import { InputRouter } from './input-router.js';
import { MachineLoop } from './machine-loop.js';
import type { FromMachine, MachineMeasures, MachineThreadData, ToMachine } from './thread-messages.js';

type BuildOrder = Omit<Extract<ToMachine, { type: 'build' }>, 'type'>;
type FreezeOrder = Extract<ToMachine, { type: 'freeze' }>;

/**
 * How long requests under way may take to end before the machine is frozen with them, in ms. They are made again when it
 * is restored, which is right, but a drive that is idle is simpler.
 */
const DRAIN_MS = 50;

/** What the thread is made of, so that a test can put other parts in. */
export interface SessionParts {
  readonly data: Pick<MachineThreadData, 'spec' | 'engine' | 'kick' | 'blocks' | 'progress'>;
  readonly memory: GuestMemory;
  readonly firmware: Firmware;
  readonly createVcpu: MachinePorts['createVcpu'];
  createMachine(ports: MachinePorts): MachineControl;
  post(message: FromMachine): void;
  /** Next message of the I/O thread, undefined if there is none. */
  receive(): ToMachine | undefined;
}

/** One machine on its thread, from the drives' arrival to power-off. */
export class MachineSession {
  private readonly clock: HostClock;
  private readonly guestClock: SteadyClock;
  private frozenAtMs = 0;
  /** Brings in RAM of a restored machine until all is there. */
  private loader: ChunkLoader | undefined;
  private readonly lines = new Map<SerialPortNumber, SerialLine>();
  private readonly rack: DriveRack;
  private readonly machine: MachineControl;
  private readonly input: InputRouter;
  private readonly loop: MachineLoop;

  /** @throws whatever building the machine throws */
  constructor(
    private readonly parts: SessionParts,
    { drives, restoredClockNs }: BuildOrder,
  ) {
    const { data, post } = parts;
    this.clock = new HostClock(() => performance.now() * 1e6, restoredClockNs);
    this.guestClock = new SteadyClock(this.clock, data.engine === 'kvm' ? Infinity : undefined);
    const blocks = new BlockChannelClient(data.blocks);
    this.rack = new DriveRack(drives, (image, info) => blocks.device(image, info), {
      onTray: (driveId, ejected, locked) => post({ type: 'drive', driveId, ejected, locked }),
      onNoSpace: () => this.pause(true),
    });
    for (const port of data.spec.serialPorts) this.lines.set(port, new SerialLine());
    this.machine = parts.createMachine(this.machinePorts());
    for (const [port, line] of this.lines) {
      const receiver = this.machine.serial(port);
      if (receiver) line.connect(receiver);
    }
    this.input = new InputRouter(this.machine);
    this.loop = new MachineLoop({
      machine: this.machine,
      clock: this.clock,
      guestClock: this.guestClock,
      kick: data.kick,
      blocks,
      takeMessages: () => this.takeMessages(),
      onEnd: (condition) => {
        if (condition.kind === 'off') post({ type: 'off', cause: condition.cause });
        else post({ type: 'failed', ...this.failureOf(condition.message) });
      },
      onHaltedForGood: () => post({ type: 'halted-for-good' }),
      afterSlice: () => this.afterSlice(),
    });
    if (restoredClockNs !== undefined) this.loop.pause();
  }

  /** Returns when the machine is off. */
  run(): void {
    this.parts.post({ type: 'built', display: this.machine.display });
    this.loop.run();
    this.flushSerial();
    this.parts.post({ type: 'final-measures', measures: this.measures(true) });
  }

  private machinePorts(): MachinePorts {
    const { memory, firmware, createVcpu, post } = this.parts;
    return {
      memory,
      clock: this.guestClock,
      wallClock: {
        nowMs: () => Date.now(),
        localOffsetMinutes: (atMs) => -new Date(atMs).getTimezoneOffset(),
      },
      createVcpu,
      firmware,
      drives: this.rack.drives,
      serial: Object.fromEntries(this.lines),
      log: (line) => post({ type: 'log', line }),
      debugConsole: debugLines((line) => post({ type: 'log', line })),
    };
  }

  private takeMessages(): void {
    for (let message = this.parts.receive(); message; message = this.parts.receive()) this.obey(message);
  }

  private obey(message: ToMachine): void {
    switch (message.type) {
      case 'pause':
        return this.pause(false);
      case 'resume':
        return this.resume();
      case 'reset':
        return this.machine.reset();
      case 'press-power-button':
        return this.machine.pressPowerButton();
      case 'power-off':
        return this.loop.end();
      case 'load-state':
        return this.loadState(message.state, message.ram);
      case 'ram-loaded':
        return this.ramLoaded();
      case 'freeze':
        return this.parts.post({ type: 'frozen', id: message.id, frozen: this.freeze(message) });
      case 'thaw':
        return this.parts.post({ type: 'thawed', id: message.id, pauseMs: this.thaw() });
      case 'saved':
        return this.parts.memory.pages.copyAsideTo(undefined);
      case 'input':
        return this.input.handle(message.events);
      case 'serial':
        return this.lines.get(message.port)?.send(message.bytes);
      case 'insert':
        return this.rack.insert(message.driveId, message.medium);
      case 'eject':
        return this.parts.post({
          type: 'ejected',
          id: message.id,
          empty: this.rack.eject(message.driveId, message.force),
        });
      case 'measure':
        return this.parts.post({ type: 'measures', id: message.id, measures: this.measures(message.closely) });
    }
  }

  private loadState(state: MachineState, ram: LoadPlan): void {
    const { memory } = this.parts;
    try {
      this.loader = new ChunkLoader(ram, memory.wasm.buffer);
      memory.defer(this.loader);
      // Hardware reaches RAM without asking anybody.
      if (this.parts.data.engine === 'kvm') memory.allPresent();
      this.machine.loadState(state);
      this.parts.post({ type: 'state-loaded' });
    } catch (error) {
      this.parts.post({ type: 'failed', ...loadFailure(error) });
      this.loop.end();
    }
  }

  /** A guest whose saved RAM cannot be read is no defect of ours. */
  private failureOf(message: string): Pick<Extract<FromMachine, { type: 'failed' }>, 'code' | 'message'> {
    return this.loader?.failure === undefined ? { code: 'internal', message } : loadFailure(this.loader.failure);
  }

  private ramLoaded(): void {
    this.parts.memory.allPresent();
    this.loader?.close();
    this.loader = undefined;
  }

  private freeze({ whole, buffers }: FreezeOrder): FrozenMachine {
    const { memory } = this.parts;
    this.frozenAtMs = performance.now();
    this.loop.freeze();
    this.loop.drain(DRAIN_MS);
    const videoMemory = new Uint8Array(buffers.videoMemory);
    const { offset, length } = this.machine.display.videoMemory;
    videoMemory.set(memory.bytes.subarray(offset, offset + length));
    const state = this.machine.saveState();
    memory.pages.copyAsideTo(new AsideRing(buffers.aside));
    return { state, videoMemory, ...memory.freeze(whole) };
  }

  /** @returns how long the guest stood still, in ms */
  private thaw(): number {
    this.loop.thaw();
    return performance.now() - this.frozenAtMs;
  }

  private pause(noSpace: boolean): void {
    this.loop.pause();
    this.parts.post({ type: 'power', paused: true, noSpace });
  }

  private resume(): void {
    this.loop.resume();
    this.parts.post({ type: 'power', paused: false, noSpace: false });
    this.rack.retryWrites();
  }

  private measures(closely: boolean): MachineMeasures {
    const { instructions, counters, translator } = this.machine.stats;
    return {
      instructions,
      counters,
      translator: translator && { ...translator, hottest: closely ? translator.hottest() : [] },
      busyMs: this.loop.busyMs,
      uptimeMs: this.clock.nowNs() / 1e6,
      keyboardLeds: { ...this.machine.keyboard.leds },
      absolutePointer: this.machine.pointer.active,
    };
  }

  private afterSlice(): void {
    Atomics.add(this.parts.data.progress, 0, 1);
    this.flushSerial();
  }

  private flushSerial(): void {
    for (const [port, line] of this.lines) {
      const bytes = line.takeSent();
      if (bytes) this.parts.post({ type: 'serial', port, bytes });
    }
  }
}

/** Longest line of debug output kept together. */
const MAX_DEBUG_LINE = 500;

/** Collects bytes of a debug port into lines of the log. */
function debugLines(onLine: (line: string) => void): (byte: number) => void {
  let line = '';
  return (byte) => {
    if (byte !== 0x0a && line.length < MAX_DEBUG_LINE) line += byte === 0x0d ? '' : String.fromCharCode(byte);
    else {
      onLine(`debug port: ${line}`);
      line = '';
    }
  };
}
