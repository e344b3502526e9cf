import { describe, expect, it } from 'vitest';
import { CTRL_ALT_DEL, chordEvents } from './key-chords.js';

describe('chordEvents', () => {
  it('presses in order and releases in reverse', () => {
    const keys = chordEvents(CTRL_ALT_DEL).map((event) => (event.type === 'key' ? [event.code, event.down] : event));
    expect(keys).toEqual([
      ['ControlLeft', true],
      ['AltLeft', true],
      ['Delete', true],
      ['Delete', false],
      ['AltLeft', false],
      ['ControlLeft', false],
    ]);
  });
});
