import type { CpuState } from '../../../src/main/vmm/cpu/registers.js';

export interface FieldDifference {
  readonly field: string;
  readonly expected: string;
  readonly actual: string;
}

function text(value: unknown): string {
  if (typeof value === 'bigint') return value.toString(16);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return String(value);
}

/** Fields of two values of one shape that differ, by their paths. */
function fields(expected: unknown, actual: unknown, path: string): FieldDifference[] {
  if (expected === null || typeof expected !== 'object' || expected instanceof Uint8Array) {
    const [a, b] = [text(expected), text(actual)];
    return a === b ? [] : [{ field: path, expected: a, actual: b }];
  }
  return Object.entries(expected).flatMap(([name, value]) =>
    fields(value, (actual as Record<string, unknown>)[name], path === '' ? name : `${path}.${name}`),
  );
}

/** What differs between two processors' states. */
export function stateDifference(expected: CpuState, actual: CpuState): FieldDifference[] {
  return fields(expected, actual, '');
}

/** First places where two memories differ, by guest physical address, 8 bytes each. */
export function memoryDifference(expected: Buffer, actual: Buffer, most = 8): FieldDifference[] {
  const differences: FieldDifference[] = [];
  const page = 4096;
  for (let at = 0; at < expected.length && differences.length < most; at += page) {
    const [a, b] = [expected.subarray(at, at + page), actual.subarray(at, at + page)];
    if (a.equals(b)) continue;
    for (let i = 0; i < page && differences.length < most; i += 8) {
      const [x, y] = [a.subarray(i, i + 8), b.subarray(i, i + 8)];
      if (x.equals(y)) continue;
      differences.push({
        field: `memory ${(at + i).toString(16)}`,
        expected: x.toString('hex'),
        actual: y.toString('hex'),
      });
    }
  }
  return differences;
}
