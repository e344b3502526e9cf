import type { Palette } from './palette.js';

/** `surface0` → `--surface-0`, `accentText` → `--accent-text`, `data1` → `--data-1`. */
export function propertyName(key: string): string {
  return `--${key.replace(/([A-Z]|\d+)/g, (part) => `-${part.toLowerCase()}`)}`;
}

/** The palette as CSS custom properties, for `style.setProperty`. */
export function customProperties(palette: Palette): ReadonlyMap<string, string> {
  return new Map(Object.entries(palette).map(([key, value]: [string, string]) => [propertyName(key), value]));
}
