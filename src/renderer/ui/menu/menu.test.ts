import { describe, expect, it } from 'vitest';
import { findByText, placeMenu, separator, type MenuEntry } from './menu.js';

const view = { width: 1000, height: 600 };
const button = { left: 100, right: 124, top: 50, bottom: 78 };

describe('placeMenu', () => {
  it('opens below its anchor', () => {
    expect(placeMenu(button, { width: 200, height: 100 }, view)).toEqual({ left: 100, top: 82 });
  });

  it('opens above where there is no room below', () => {
    const low = { ...button, top: 560, bottom: 588 };
    expect(placeMenu(low, { width: 200, height: 100 }, view)).toEqual({ left: 100, top: 456 });
  });

  it('aligns to the right edge of an anchor at the right of the window', () => {
    const right = { ...button, left: 970, right: 994 };
    expect(placeMenu(right, { width: 200, height: 100 }, view).left).toBe(794);
  });

  it('stays in the window whatever its size', () => {
    const place = placeMenu(button, { width: 990, height: 590 }, view);
    expect(place.left).toBeGreaterThanOrEqual(4);
    expect(place.top).toBeGreaterThanOrEqual(4);
  });
});

describe('findByText', () => {
  const item = (label: string, disabled = false): MenuEntry => ({
    kind: 'item',
    label,
    disabled,
    run: () => undefined,
  });
  const entries = [item('Reset'), separator, item('Resume', true), item('Rename')];

  it('goes to the next enabled entry and round', () => {
    expect(findByText(entries, 're', 0)).toBe(3);
    expect(findByText(entries, 're', 3)).toBe(0);
    expect(findByText(entries, 'resu', 0)).toBe(-1);
  });
});
