import { describe, expect, it } from 'vitest';
import type { KvmProbe } from '../../../shared/engine/kvm-probe.js';
import { EngineChooser } from './engine-chooser.js';

const mips = { real: 3000, protected: 3000, kernel: 3000, user: 3000 };
const choosing = (probe: KvmProbe) => new EngineChooser(() => Promise.resolve(probe));
const native = choosing({
  usable: true,
  native: true,
  mips,
  milliseconds: 3,
  lacks: ['pcid', 'smep'],
  unsteady: ['tsc'],
});
const emulated = choosing({
  usable: true,
  native: false,
  mips: { ...mips, kernel: 1.5 },
  milliseconds: 3,
  lacks: ['pcid', 'smep'],
  unsteady: ['tsc'],
});
const absent = choosing({
  usable: false,
  code: 'kvm-permission',
  message: 'this user may not open /dev/kvm',
  advice: 'join the group',
});

describe('EngineChooser', () => {
  it.each([
    ['native KVM', native, 'kvm', 'fastest-measured'],
    ['KVM that emulates kernel mode', emulated, 'translator', 'kvm-emulated'],
    ['KVM it may not open', absent, 'translator', 'kvm-permission'],
  ] as const)('chooses by itself on a host with %s', async (_what, chooser, engine, reasonCode) => {
    expect(await chooser.choose('auto')).toMatchObject({ engine, reasonCode });
  });

  it('does what the settings ask for', async () => {
    expect(await native.choose('interpreter')).toMatchObject({ engine: 'interpreter', reasonCode: 'chosen-by-person' });
    expect(await emulated.choose('kvm')).toMatchObject({ engine: 'kvm', reasonCode: 'chosen-by-person' });
  });

  it('says what to do where KVM is demanded and missing, or would be taken', async () => {
    expect((await absent.choose('auto')).reason).toContain('join the group');
    await expect(absent.choose('kvm')).rejects.toMatchObject({ code: 'engine-unavailable' });
    await expect(absent.choose('kvm')).rejects.toThrow('join the group');
  });

  it.each([
    ['the automatic engine on native KVM', native, { engine: 'auto', processor: 'full' }, ['pcid', 'smep']],
    ['a movable machine on any KVM', emulated, { engine: 'translator', processor: 'movable' }, ['pcid', 'smep', 'tsc']],
    ['the automatic engine where KVM is not taken', emulated, { engine: 'auto', processor: 'full' }, []],
    ['software that was asked for', native, { engine: 'interpreter', processor: 'full' }, []],
    ['a host without KVM', absent, { engine: 'auto', processor: 'movable' }, []],
  ] as const)('withholds what KVM lacks from %s', async (_what, chooser, config, withheld) => {
    expect(await chooser.withheldFrom(config)).toEqual(withheld);
  });

  it('examines the host once', async () => {
    let probes = 0;
    const chooser = new EngineChooser(() => {
      probes++;
      return Promise.resolve({
        usable: true,
        native: true,
        mips,
        milliseconds: 3,
        lacks: ['pcid', 'smep'],
        unsteady: ['tsc'],
      });
    });
    await Promise.all([chooser.choose('auto'), chooser.choose('kvm'), chooser.choose('interpreter')]);
    expect(probes).toBe(1);
  });
});
