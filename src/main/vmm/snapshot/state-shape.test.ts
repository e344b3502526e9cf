import { describe, expect, it } from 'vitest';
import { shapeDifference } from './state-shape.js';

const TEMPLATE = {
  version: 1,
  timer: { deadline: 5, armed: true },
  registers: [1, 2, 3],
  buffer: new Uint8Array(8),
  transfer: undefined,
  big: 1n,
};

describe('shapeDifference', () => {
  it('takes what may vary: values, absent parts, buffers not in use', () => {
    expect(shapeDifference(TEMPLATE, structuredClone(TEMPLATE))).toBeUndefined();
    const other = {
      ...TEMPLATE,
      timer: { deadline: null, armed: false },
      buffer: new Uint8Array(),
      transfer: { lba: 4 },
    };
    expect(shapeDifference(TEMPLATE, other)).toBeUndefined();
  });

  it.each([
    ['a key too many', { ...TEMPLATE, more: 1 }, 'state.more'],
    ['a key too few', { version: 1 }, 'state.timer'],
    ['another kind of value', { ...TEMPLATE, version: '1' }, 'state.version'],
    ['no number', { ...TEMPLATE, timer: { deadline: NaN, armed: true } }, 'state.timer.deadline'],
    ['a buffer of another length', { ...TEMPLATE, buffer: new Uint8Array(9) }, 'state.buffer'],
    ['a list for an object', { ...TEMPLATE, timer: [] }, 'state.timer'],
    ['an object for a list', { ...TEMPLATE, registers: {} }, 'state.registers'],
    ['a bad element', { ...TEMPLATE, registers: [1, 'x', 3] }, 'state.registers[1]'],
    ['an endless list', { ...TEMPLATE, registers: Array.from({ length: 70_000 }, () => 0) }, 'state.registers'],
  ])('names %s', (_what, value, place) => {
    expect(shapeDifference(TEMPLATE, value)).toBe(place);
  });
});
