import type { MachineMetrics } from '../../../shared/contract/machine-view.js';

/** Prefix of counters that count exits of the vCPU, by reason. */
export const EXIT_PREFIX = 'exit.';
/** Prefix of counters that count interrupts, by kind. */
export const INTERRUPT_PREFIX = 'interrupt.';

/** Prefix of counters that count what translated regions are left for. */
export const REGION_EXIT_PREFIX = 'regionExit.';

export interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

/** Samples of the last `rangeMs` before `now`. Samples arrive in order, so the first one inside is searched for. */
export function windowOf(samples: readonly MachineMetrics[], rangeMs: number, now: number): readonly MachineMetrics[] {
  const from = now - rangeMs;
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (samples[middle]!.at < from) low = middle + 1;
    else high = middle;
  }
  return samples.slice(Math.max(0, low - 1));
}

/**
 * One series per counter under `prefix`, the `limit` largest by sum, the rest as `rest`. Names come without the prefix.
 */
export function seriesUnder(samples: readonly MachineMetrics[], prefix: string, limit: number): Series[] {
  const sums = new Map<string, number>();
  for (const sample of samples)
    for (const [name, rate] of Object.entries(sample.rates))
      if (name.startsWith(prefix)) sums.set(name, (sums.get(name) ?? 0) + rate);
  const names = [...sums].toSorted((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([name]) => name);
  const shown = names.length > limit ? names.slice(0, limit - 1) : names;
  const others = names.slice(shown.length);
  const series = shown.map((name) => ({
    name: name.slice(prefix.length),
    values: samples.map((sample) => sample.rates[name] ?? 0),
  }));
  if (others.length === 0) return series;
  const rest = samples.map((sample) => others.reduce((sum, name) => sum + (sample.rates[name] ?? 0), 0));
  return [...series, { name: 'rest', values: rest }];
}

/** Each series on top of the ones before it: what a stacked chart draws. */
export function stack(series: readonly Series[]): Series[] {
  const below: number[] = [];
  return series.map(({ name, values }) => ({
    name,
    values: values.map((value, i) => (below[i] = (below[i] ?? 0) + value)),
  }));
}

/** Bytes a second read and written by all drives together. */
export function diskTotals(sample: MachineMetrics): { readonly read: number; readonly write: number } {
  let read = 0;
  let write = 0;
  for (const disk of Object.values(sample.disks)) {
    read += disk.readBytes;
    write += disk.writeBytes;
  }
  return { read, write };
}

/** Grid lines of an axis from 0 to at least `max`: two to four steps of 1, 2, 5 × 10^n, or of a power of two. */
export function axisLines(max: number, binary: boolean): number[] {
  const wanted = Math.max(max, Number.MIN_VALUE) / 3;
  const step = binary ? 2 ** Math.ceil(Math.log2(wanted)) : decimalStep(wanted);
  const count = Math.max(2, Math.ceil(max / step));
  return Array.from({ length: count + 1 }, (_, i) => i * step);
}

function decimalStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted));
  return [1, 2, 5, 10].find((factor) => factor * power >= wanted)! * power;
}

/** The samples as a table for spreadsheets, counters as columns. */
export function toCsv(samples: readonly MachineMetrics[]): string {
  const counters = [...new Set(samples.flatMap((sample) => Object.keys(sample.rates)))].sort();
  const head = ['time', 'cpu_load', 'instructions_per_second', 'disk_read_bytes', 'disk_write_bytes', 'resident_bytes'];
  const rows = samples.map((sample) => {
    const { read, write } = diskTotals(sample);
    const figures = [sample.cpuLoad, sample.instructionsPerSecond, read, write, sample.memory.residentBytes];
    return [new Date(sample.at).toISOString(), ...figures, ...counters.map((name) => sample.rates[name] ?? 0)];
  });
  return [[...head, ...counters], ...rows].map((row) => row.join(',')).join('\n');
}
