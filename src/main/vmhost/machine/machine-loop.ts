import type { CompletionSource } from '../../vmm/block/block-device.js';
import type { MachineCondition, MachineControl } from '../../vmm/machine/machine.js';
import type { HostClock } from '../../vmm/time/clock.js';
import type { SteadyClock } from '../../vmm/time/steady-clock.js';
import { timesRung, type Doorbell } from '../rings/doorbell.js';

/** Longest sleep, in ms: the loop comes round that often even when nothing happens, which shows that it lives. */
const MAX_SLEEP_MS = 500;

/** Sleeps shorter than this, in ms, take longer than they are worth. */
const MIN_SLEEP_MS = 0.05;

/** What the loop needs of its surroundings. */
export interface LoopPorts {
  readonly machine: Pick<MachineControl, 'runSlice' | 'nextDeadlineNs'>;
  /** Pauses the machine's time. */
  readonly clock: HostClock;
  /** The machine's time. */
  readonly guestClock: SteadyClock;
  readonly kick: Doorbell;
  readonly blocks: CompletionSource;
  /** Takes in what the I/O thread has sent; called whenever the kick has been rung. */
  takeMessages(): void;
  /** The machine stopped by itself; the loop ends. */
  onEnd(condition: Extract<MachineCondition, { kind: 'off' | 'failed' }>): void;
  /** The guest has switched its only processor off; nothing but a reset wakes it. Told once. */
  onHaltedForGood(): void;
  /** Called each time round, after the slice. */
  afterSlice(): void;
}

/** The loop of the machine thread: deliver what has come in, run a slice, sleep while the guest has nothing to do. */
export class MachineLoop {
  private paused = false;
  private ended = false;
  private haltedForGood = false;
  private sleptMs = 0;
  private readonly startedMs = performance.now();

  constructor(private readonly ports: LoopPorts) {}

  /** Time the loop did not sleep, in ms. */
  get busyMs(): number {
    return performance.now() - this.startedMs - this.sleptMs;
  }

  /** Returns when the machine has ended. */
  run(): void {
    const { kick, blocks } = this.ports;
    let heard = timesRung(kick) - 1;
    while (!this.ended) {
      const rung = timesRung(kick);
      if (rung !== heard) {
        heard = rung;
        this.ports.takeMessages();
        blocks.drain();
      }
      if (this.ended) break;
      const sleepMs = this.paused ? MAX_SLEEP_MS : this.runSlice();
      this.ports.afterSlice();
      if (sleepMs > MIN_SLEEP_MS) this.sleep(rung, Math.min(sleepMs, MAX_SLEEP_MS));
    }
  }

  /** Virtual time stands still from now on. */
  pause(): void {
    this.paused = true;
    this.ports.clock.pause();
  }

  resume(): void {
    this.paused = false;
    this.ports.clock.resume();
  }

  /** Leaves {@link run}. */
  end(): void {
    this.ended = true;
  }

  /** Runs a slice; @returns for how long there is nothing to do, in ms */
  private runSlice(): number {
    const { machine, guestClock, onEnd } = this.ports;
    const condition = machine.runSlice();
    if (condition.kind === 'halted') {
      if (condition.forGood && !this.haltedForGood) this.ports.onHaltedForGood();
      this.haltedForGood = condition.forGood;
      return (machine.nextDeadlineNs - guestClock.nowNs()) / 1e6;
    }
    if (condition.kind !== 'running') {
      this.ended = true;
      onEnd(condition);
    }
    return 0;
  }

  private sleep(rung: number, ms: number): void {
    const before = performance.now();
    Atomics.wait(this.ports.kick.words, this.ports.kick.index, rung, ms);
    this.sleptMs += performance.now() - before;
    this.ports.guestClock.slept();
  }
}
