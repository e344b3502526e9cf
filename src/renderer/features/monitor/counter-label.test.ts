import { describe, expect, it } from 'vitest';
import { counterLabel } from './counter-label.js';

describe('counterLabel', () => {
  it('writes abbreviations as the field does, in both languages', () => {
    expect(counterLabel('tlbMisses', 'en')).toBe('TLB misses');
    expect(counterLabel('tlbMisses', 'zh-CN')).toBe('TLB 未命中');
    expect(counterLabel('mmioAccesses', 'en')).toBe('MMIO accesses');
  });

  it('puts a key without a settled name in words', () => {
    expect(counterLabel('kvm.internalError', 'en')).toBe('KVM internal error');
    expect(counterLabel('irq5', 'en')).toBe('IRQ 5');
  });
});
