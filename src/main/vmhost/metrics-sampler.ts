import type { MachineMetrics } from '../../shared/contract/machine-view.js';
import type { MachineMeasures } from './machine/thread-messages.js';

/** What one sample is made from. */
export interface MetricsInput {
  readonly measures: MachineMeasures;
  readonly disks: Readonly<Record<string, { readonly readBytes: number; readonly writeBytes: number }>>;
  readonly screen: MachineMetrics['screen'];
  readonly residentBytes: number;
  readonly guestBytes: number;
  /** Unix ms. */
  readonly at: number;
}

/** Turns counters since power-on into rates since the last sample. */
export class MetricsSampler {
  private last: MetricsInput | undefined;

  constructor(private readonly machineId: string) {}

  /** A counter that went down (a medium was exchanged) counts from zero. */
  sample(now: MetricsInput): MachineMetrics {
    const last = this.last ?? startOf(now);
    this.last = now;
    const seconds = Math.max(0.001, (now.at - last.at) / 1000);
    const rate = (current: number, before = 0): number =>
      Math.max(0, current >= before ? current - before : current) / seconds;
    const { measures } = now;
    return {
      machineId: this.machineId,
      at: now.at,
      cpuLoad: Math.min(1, rate(measures.busyMs, last.measures.busyMs) / 1000),
      instructionsPerSecond: rate(measures.instructions, last.measures.instructions),
      rates: mapValues(measures.counters, (value, key) => rate(value, last.measures.counters[key])),
      disks: mapValues(now.disks, (disk, id) => ({
        readBytes: rate(disk.readBytes, last.disks[id]?.readBytes),
        writeBytes: rate(disk.writeBytes, last.disks[id]?.writeBytes),
      })),
      memory: { residentBytes: now.residentBytes, guestBytes: now.guestBytes },
      uptimeSeconds: measures.uptimeMs / 1000,
      screen: now.screen,
      keyboardLeds: measures.keyboardLeds,
      absolutePointer: measures.absolutePointer,
      ...(measures.translator && { translator: { ...measures.translator, hottest: [...measures.translator.hottest] } }),
    };
  }
}

/** The moment of power-on, when everything was zero. */
function startOf(now: MetricsInput): MetricsInput {
  const { uptimeMs } = now.measures;
  return {
    ...now,
    at: now.at - uptimeMs,
    disks: {},
    measures: { ...now.measures, instructions: 0, busyMs: 0, counters: {} },
  };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A, key: string) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
