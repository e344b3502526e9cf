/** One measured figure: what it is, its value, and what it is held against. */
export interface Figure {
  readonly figure: string;
  readonly value: string;
  readonly goal: string;
  readonly met: boolean | undefined;
  readonly note?: string;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** `1.23 (1.20…1.31)`: median and range. */
export function spread(values: readonly number[], digits = 2): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} (${low.toFixed(digits)}…${high.toFixed(digits)})`;
}

/** @param share 0…1: 0.5 is the median, 0.95 what 95 of 100 values do not exceed */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
