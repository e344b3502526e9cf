import { describe, expect, it } from 'vitest';
import { joinPath, sortEntries } from './host-files.js';

describe('joinPath', () => {
  it('keeps to the separator of the host', () => {
    expect(joinPath('/', 'home')).toBe('/home');
    expect(joinPath('/home/ada', 'x.iso')).toBe('/home/ada/x.iso');
    expect(joinPath('C:\\Users', 'x.iso')).toBe('C:\\Users\\x.iso');
    expect(joinPath('C:\\', 'x.iso')).toBe('C:\\x.iso');
  });
});

describe('sortEntries', () => {
  it('puts folders first, names in natural order, and hides dot files', () => {
    const file = (name: string) => ({ name, kind: 'file' as const, sizeBytes: 0, modifiedAt: 0 });
    const folder = (name: string) => ({ ...file(name), kind: 'folder' as const });
    const names = sortEntries([file('b10'), file('b9'), folder('z'), file('.x')]).map((entry) => entry.name);
    expect(names).toEqual(['z', 'b9', 'b10']);
  });
});
