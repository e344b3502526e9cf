import { availableParallelism, cpus } from 'node:os';

/** What has gone by since a moment in the past, in ms. */
interface Elapsed {
  readonly wall: number;
  /** Of all cores together. */
  readonly idle: number;
  /** This process's processor time. */
  readonly own: number;
}

const read = (): Elapsed => ({
  wall: performance.now(),
  idle: cpus().reduce((sum, { times }) => sum + times.idle, 0),
  own: process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000,
});

/** Measures how much of the host's processors is free for this process. */
export class IdleCores {
  private last = read();

  /** Cores that had nothing to do since the last call, on average; none of those this process may not use. */
  sinceLast(): number {
    const before = this.last;
    const now = (this.last = read());
    const wall = Math.max(1, now.wall - before.wall);
    const left = availableParallelism() - (now.own - before.own) / wall;
    return Math.max(0, Math.min((now.idle - before.idle) / wall, left));
  }
}
