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
  private frozen = false;
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
      const sleepMs = this.standsStill ? MAX_SLEEP_MS : this.runSlice();
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
    this.goOn();
  }

  /** Like {@link pause}, for a moment that nobody is told of: a machine that was paused stays so. */
  freeze(): void {
    this.frozen = true;
    this.ports.clock.pause();
  }

  thaw(): void {
    this.frozen = false;
    this.goOn();
  }

  /** Reports requests that end, until none is under way or so many ms have passed. */
  drain(ms: number): void {
    const { kick, blocks } = this.ports;
    const until = performance.now() + ms;
    while (blocks.pending > 0) {
      const rung = timesRung(kick);
      if (blocks.drain() > 0) continue;
      const left = until - performance.now();
      if (left <= 0) return;
      Atomics.wait(kick.words, kick.index, rung, left);
    }
  }

  /** Leaves {@link run}. */
  end(): void {
    this.ended = true;
  }

  private get standsStill(): boolean {
    return this.paused || this.frozen;
  }

  private goOn(): void {
    if (!this.standsStill) this.ports.clock.resume();
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
