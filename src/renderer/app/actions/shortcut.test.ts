import { describe, expect, it } from 'vitest';
import { belongsToField, chordName } from './shortcut.js';

const plain = { ctrlKey: false, altKey: false, shiftKey: false, metaKey: false };

describe('chordName', () => {
  it('writes modifiers in one order', () => {
    expect(chordName({ ...plain, key: 'v', ctrlKey: true, shiftKey: true })).toBe('Ctrl+Shift+V');
    expect(chordName({ ...plain, key: 'Insert', ctrlKey: true, altKey: true })).toBe('Ctrl+Alt+Ins');
    expect(chordName({ ...plain, key: 'F6', shiftKey: true })).toBe('Shift+F6');
  });

  it('does not count the Shift that types a character', () => {
    expect(chordName({ ...plain, key: '/' })).toBe('/');
    expect(chordName({ ...plain, key: '?', shiftKey: true })).toBe('?');
  });

  it('takes Command for Ctrl', () => {
    expect(chordName({ ...plain, key: 'k', metaKey: true })).toBe('Ctrl+K');
  });
});

describe('belongsToField', () => {
  const input = { tagName: 'INPUT' } as unknown as EventTarget;
  const button = { tagName: 'BUTTON' } as unknown as EventTarget;

  it('leaves typing to a text field', () => {
    expect(belongsToField({ ...plain, key: '/' }, input)).toBe(true);
    expect(belongsToField({ ...plain, key: 'Delete' }, input)).toBe(true);
  });

  it('takes chords and function keys from everywhere', () => {
    expect(belongsToField({ ...plain, key: 'k', ctrlKey: true }, input)).toBe(false);
    expect(belongsToField({ ...plain, key: 'F6' }, input)).toBe(false);
    expect(belongsToField({ ...plain, key: '/' }, button)).toBe(false);
  });
});
