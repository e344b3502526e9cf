import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, parseSettings } from './settings-schema.js';

describe('parseSettings', () => {
  it('takes what it knows and keeps defaults for the rest', () => {
    expect(parseSettings({ theme: 'light', unknown: 1 })).toEqual({ ...DEFAULT_SETTINGS, theme: 'light' });
  });

  it('replaces damaged values one by one', () => {
    const settings = parseSettings({ theme: 7, sidebarWidth: 9000, language: 'zh-CN' });
    expect(settings).toEqual({ ...DEFAULT_SETTINGS, language: 'zh-CN' });
  });
});
