import { describe, expect, it } from 'vitest';
import { cpuidLeaves, FEATURES_1_ECX, FEATURES_7_EBX } from '../cpuid.js';
import { filterCpuid } from './cpuid-filter.js';
import type { CpuidEntry } from './kvm-vm.js';

const host = (leaf: number, registers: Partial<CpuidEntry>): CpuidEntry => ({
  leaf, index: 0, flags: 0, eax: 0, ebx: 0, ecx: 0, edx: 0, ...registers,
}); // prettier-ignore

describe('filterCpuid', () => {
  const own = cpuidLeaves({ tscHz: 1e9 });
  const pcid = 1 << FEATURES_1_ECX.pcid;
  const everything = 0xffff_ffff;

  it('keeps a feature only if the host has it too', () => {
    const filtered = filterCpuid(own, [
      host(1, { ecx: (everything & ~pcid) >>> 0, edx: everything }),
      host(7, { ebx: 1 }),
    ]);
    expect(filtered.find(({ leaf }) => leaf === 1)!.ecx & pcid).toBe(0);
    expect(filtered.find(({ leaf }) => leaf === 7)!.ebx).toBe(1 << FEATURES_7_EBX.fsgsbase);
  });

  it('offers nothing of its own making', () => {
    const all = own.map(({ leaf, subleaf = 0 }) =>
      host(leaf, { index: subleaf, ebx: everything, ecx: everything, edx: everything }),
    );
    for (const entry of filterCpuid(own, all)) {
      const ours = own.find(({ leaf, subleaf }) => leaf === entry.leaf && (subleaf ?? 0) === entry.index)!;
      expect([entry.eax, entry.ebx, entry.ecx, entry.edx]).toEqual([ours.eax, ours.ebx, ours.ecx, ours.edx]);
    }
  });

  it('keeps the deadline timer, which is the machine’s', () => {
    const leaf1 = filterCpuid(own, []).find(({ leaf }) => leaf === 1)!;
    expect(leaf1.ecx & (1 << FEATURES_1_ECX.tscDeadline)).not.toBe(0);
  });
});
