import { expect, test } from 'vitest';
import { ARCH_CAPABILITIES_HIGH, ARCH_CAPABILITIES_LOW } from './core/layout.js';
import {
  ANY_SUBLEAF,
  ARCH_CAPABILITIES,
  CPUID_ENTRY_BYTES,
  cpuidLeaves,
  writeCpuidTable,
  type CpuidLeaf,
} from './cpuid.js';

const leaves = cpuidLeaves({ tscHz: 1e9, brand: 'Test processor' });
const find = (leaf: number): CpuidLeaf => leaves.find((l) => l.leaf === leaf)!;

/** Registers as the text they spell. */
function text(...words: number[]): string {
  const bytes = words.flatMap((word) => [0, 8, 16, 24].map((shift) => (word >>> shift) & 0xff));
  return String.fromCharCode(...bytes).replace(/\0+$/, '');
}

test('the vendor is spelled in EBX, EDX, ECX', () => {
  const { ebx, ecx, edx } = find(0);
  expect(text(ebx, edx, ecx)).toBe('GenuineIntel');
});

test('the monitor has the name under which Linux looks for the absolute pointer', () => {
  const { ebx, ecx, edx } = find(0x40000000);
  expect(text(ebx, ecx, edx)).toBe('VMwareVMware');
});

test('the brand string runs over three leaves', () => {
  const words = [0x80000002, 0x80000003, 0x80000004].flatMap((l) => [
    find(l).eax,
    find(l).ebx,
    find(l).ecx,
    find(l).edx,
  ]);
  expect(text(...words)).toBe('Test processor');
});

test('the limits name the highest leaves there are', () => {
  const numbers = leaves.map((l) => l.leaf);
  expect(find(0).eax).toBe(Math.max(...numbers.filter((n) => n < 0x40000000)));
  expect(find(0x80000000).eax).toBe(Math.max(...numbers));
});

test('the level is x86-64-v2 and not beyond', () => {
  const v2Ecx = [0, 9, 13, 19, 20, 23].reduce((mask, bit) => mask | (1 << bit), 0);
  expect(find(1).ecx & v2Ecx).toBe(v2Ecx);
  const avx = 1 << 28;
  const fma = 1 << 12;
  expect(find(1).ecx & (avx | fma)).toBe(0);
  expect(find(7).ebx & ((1 << 3) | (1 << 5) | (1 << 8))).toBe(0);
});

test('the core answers for IA32_ARCH_CAPABILITIES with the bits listed here', () => {
  expect((BigInt(ARCH_CAPABILITIES_HIGH) << 32n) | BigInt(ARCH_CAPABILITIES_LOW)).toBe(ARCH_CAPABILITIES);
});

test('leaf 15H gives the TSC frequency without calibration', () => {
  const { eax, ebx, ecx } = find(0x15);
  expect((ecx * ebx) / eax).toBe(1e9);
});

test('the table ends with a sentinel and keeps every register', () => {
  const view = new DataView(new ArrayBuffer(4096));
  writeCpuidTable(view, 16, leaves);
  const at = (index: number, word: number): number => view.getUint32(16 + index * CPUID_ENTRY_BYTES + word * 4, true);
  leaves.forEach((l, i) => {
    expect([0, 1, 2, 3, 4, 5].map((w) => at(i, w))).toEqual([
      l.leaf,
      l.subleaf ?? ANY_SUBLEAF,
      l.eax,
      l.ebx,
      l.ecx,
      l.edx,
    ]);
  });
  expect([at(leaves.length, 0), at(leaves.length, 1)]).toEqual([ANY_SUBLEAF, ANY_SUBLEAF]);
});
