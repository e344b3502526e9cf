import { describe, expect, it } from 'vitest';
import { CPU_FEATURES, featuresMissed, featuresMissingFrom, knownFeatures, withoutFeatures } from './cpu-features.js';
import { cpuidLeaves, FEATURES_1_ECX, FEATURES_7_EBX } from './cpuid.js';

const leaves = cpuidLeaves({ tscHz: 1e9 });

describe('features of the processor', () => {
  it('are all offered by the leaves, each by a name of its own', () => {
    expect(featuresMissingFrom(leaves)).toEqual([]);
    expect(new Set(CPU_FEATURES).size).toBe(CPU_FEATURES.length);
  });

  it('are missing from the leaves when withheld, and nothing else is', () => {
    const left = withoutFeatures(leaves, ['pcid', 'smep']);
    expect(featuresMissingFrom(left).sort()).toEqual(['pcid', 'smep']);
    const bits = (of: typeof left, leaf: number, register: 'ebx' | 'ecx'): number =>
      of.find((entry) => entry.leaf === leaf)![register];
    expect(bits(left, 1, 'ecx') ^ bits(leaves, 1, 'ecx')).toBe(1 << FEATURES_1_ECX.pcid);
    expect(bits(left, 7, 'ebx') ^ bits(leaves, 7, 'ebx')).toBe(1 << FEATURES_7_EBX.smep);
  });

  it('take what describes XSAVE with it', () => {
    expect(withoutFeatures(leaves, ['xsave']).some(({ leaf }) => leaf === 0xd)).toBe(false);
    expect(withoutFeatures(leaves, ['pcid']).some(({ leaf }) => leaf === 0xd)).toBe(true);
  });

  it('are missed where they were told of and cannot be done without', () => {
    expect(featuresMissed(['pcid', 'smep', 'erms'], ['pcid'])).toEqual(['smep']);
  });

  it('that another version knew are passed over', () => {
    expect(knownFeatures(['pcid', 'telepathy'])).toEqual(['pcid']);
  });
});
