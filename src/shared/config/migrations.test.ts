import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnnexError } from '../contract/errors.js';
import { migrate, parseMachineConfig } from './migrations.js';

const valid = {
  version: 1,
  id: '8e2b2f7e-4a52-4a39-9f43-64f2a8b3a4c1',
  name: 'Debian',
  memoryMiB: 512,
  createdAt: '2026-01-02T03:04:05.000Z',
};

function codeOf(text: string): string {
  try {
    parseMachineConfig(text);
  } catch (error) {
    if (error instanceof AnnexError) return error.code;
    throw error;
  }
  return 'ok';
}

describe('parseMachineConfig', () => {
  it('fills in defaults', () => {
    expect(parseMachineConfig(JSON.stringify(valid))).toMatchObject({ firmware: { kind: 'builtin' }, drives: [] });
  });

  it('takes a document from before there was a System.map for one without', () => {
    expect(parseMachineConfig(JSON.stringify(valid)).systemMap).toBeNull();
    expect(parseMachineConfig(JSON.stringify({ ...valid, systemMap: '/boot/System.map' })).systemMap).toBe(
      '/boot/System.map',
    );
    expect(codeOf(JSON.stringify({ ...valid, systemMap: 'a\0b' }))).toBe('vm-config-invalid');
  });

  it.each([
    ['', 'vm-config-damaged'],
    ['{"version":1', 'vm-config-damaged'],
    ['[]', 'vm-config-damaged'],
    ['{}', 'vm-config-damaged'],
    [JSON.stringify({ ...valid, version: '1' }), 'vm-config-damaged'],
    [JSON.stringify({ ...valid, version: 2 }), 'vm-config-newer'],
    [JSON.stringify({ ...valid, memoryMiB: -1 }), 'vm-config-invalid'],
    [JSON.stringify({ ...valid, name: '../evil' }), 'vm-config-invalid'],
  ])('refuses %s as %s', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('refuses two drives in one place', () => {
    const slot = { bus: 'ide', channel: 0, unit: 0 };
    const drives = ['a', 'b'].map((id) => ({ id, kind: 'disk', slot, path: `${id}.img` }));
    expect(codeOf(JSON.stringify({ ...valid, drives }))).toBe('vm-config-invalid');
  });

  it('never throws anything but an AnnexError, whatever the file holds', () => {
    const text = JSON.stringify(valid);
    fc.assert(
      fc.property(fc.nat(text.length), fc.string({ maxLength: 4 }), (at, garbage) => {
        codeOf(text.slice(0, at) + garbage + text.slice(at + garbage.length));
        codeOf(text.slice(0, at));
      }),
    );
    fc.assert(fc.property(fc.json(), (json) => void codeOf(json)));
  });
});

describe('migrate', () => {
  it('applies every step in order', () => {
    const steps = {
      1: (old: Record<string, unknown>) => ({ ...old, a: 1 }),
      2: (old: Record<string, unknown>) => ({ ...old, b: old['a'] }),
    };
    expect(migrate({ version: 1 }, 1, 3, steps)).toEqual({ version: 3, a: 1, b: 1 });
  });

  it('refuses a version whose step is gone', () => {
    expect(() => migrate({ version: 1 }, 1, 2, {})).toThrow(AnnexError);
  });
});
