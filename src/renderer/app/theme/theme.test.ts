import { describe, expect, it } from 'vitest';
import { customProperties, propertyName } from './custom-properties.js';
import { naiveOverrides } from './naive-overrides.js';
import { PALETTES, raiseContrast, type Palette } from './palette.js';

/** Relative luminance of WCAG 2.2. */
function luminance(hex: string): number {
  const channels = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [r, g, b] = channels.map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

describe.each(Object.entries(PALETTES))('%s palette', (_name, palette: Palette) => {
  const surfaces = ['surface0', 'surface1', 'surface2', 'surface3', 'surface4', 'surfacePop'] as const;

  it.each(['text1', 'text2', 'text3'] as const)('%s can be read on every surface', (text) => {
    for (const surface of surfaces)
      expect([surface, contrast(palette[text], palette[surface]) >= 4.5]).toEqual([surface, true]);
  });

  it('has readable buttons and links, and data that stands out', () => {
    expect(contrast(palette.onAccent, palette.accent)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(palette.accentText, palette.surface2)).toBeGreaterThanOrEqual(4.5);
    for (const data of ['data1', 'data2', 'data3', 'data4', 'data5'] as const)
      expect(contrast(palette[data], palette.surface3)).toBeGreaterThanOrEqual(3);
  });

  it('raises hairlines when more contrast is asked for', () => {
    expect(raiseContrast(palette)).toMatchObject({ line: palette.lineStrong, text3: palette.text2 });
  });

  it('gives naive-ui literals', () => {
    expect(JSON.stringify(naiveOverrides(palette))).not.toContain('var(');
  });
});

describe('custom properties', () => {
  it('are named as the style sheets use them', () => {
    expect(['surface0', 'surfacePop', 'lineStrong', 'onAccent', 'data1'].map(propertyName)).toEqual([
      '--surface-0',
      '--surface-pop',
      '--line-strong',
      '--on-accent',
      '--data-1',
    ]);
    expect(customProperties(PALETTES.dark).get('--accent-text')).toBe(PALETTES.dark.accentText);
  });
});
