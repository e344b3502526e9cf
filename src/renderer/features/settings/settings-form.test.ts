import { describe, expect, it } from 'vitest';
import { machinePatchSchema } from '../../../shared/contract/commands.js';
import { FAKE_MEDIA } from '../../client/fake/fake-host.js';
import { fakeMachine } from '../../client/fake/fake-machines.js';
import { addDrive, canAdd, formFromConfig, patchFromForm, placesFor, settingsProblems } from './settings-form.js';

const { config } = fakeMachine({
  name: 'web',
  memoryMiB: 512,
  drives: [
    { id: 'disk1', kind: 'disk', slot: { bus: 'ide', channel: 0, unit: 0 }, path: 'disks/web.img' },
    { id: 'cd1', kind: 'cdrom', slot: { bus: 'ide', channel: 1, unit: 0 }, path: null },
  ],
});

describe('patchFromForm', () => {
  it('is empty when nothing was changed', () => {
    expect(patchFromForm(formFromConfig(config), config, false)).toEqual({});
  });

  it('holds only what differs', () => {
    const form = { ...formFromConfig(config), memoryMiB: 1024, notes: 'n' };
    expect(patchFromForm(form, config, false)).toEqual({ memoryMiB: 1024, notes: 'n' });
  });

  it('leaves out what needs the machine to be off', () => {
    const form = { ...formFromConfig(config), memoryMiB: 1024, name: 'other' };
    expect(patchFromForm(form, config, true)).toEqual({ name: 'other' });
  });

  it('names new disks by size and chosen media by id', () => {
    const form = formFromConfig(config);
    addDrive(form, 'disk', { sizeGiB: 4 });
    form.drives[1]!.medium = FAKE_MEDIA[0]!;
    const patch = patchFromForm(form, config, false);
    expect(patch.newDisks).toEqual({ disk2: { sizeBytes: 4 * 2 ** 30 } });
    expect(patch.media).toEqual({ cd1: FAKE_MEDIA[0]!.id });
    expect(machinePatchSchema.safeParse(patch).error).toBeUndefined();
  });
});

describe('a firmware file', () => {
  it('is named by the medium chosen for it', () => {
    const form = formFromConfig(config);
    form.firmware = { kind: 'file', path: 'bios.bin' };
    form.firmwareMedium = FAKE_MEDIA[0]!;
    const patch = patchFromForm(form, config, false);
    expect(patch.media).toEqual({ firmware: FAKE_MEDIA[0]!.id });
    expect(patch.firmware).toMatchObject({ kind: 'file' });
    expect(patch.drives).toBeUndefined();
  });

  it('is left alone when another firmware is chosen after all', () => {
    const form = formFromConfig(config);
    form.firmwareMedium = FAKE_MEDIA[0]!;
    form.firmware = { kind: 'seabios' };
    expect(patchFromForm(form, config, false)).toEqual({ firmware: { kind: 'seabios' } });
  });
});

describe('a System.map', () => {
  it('is named by the medium chosen for it, also while the machine is on', () => {
    const form = formFromConfig(config);
    form.systemMapMedium = FAKE_MEDIA[0]!;
    form.memoryMiB++;
    const patch = patchFromForm(form, config, true);
    expect(patch).toEqual({ systemMap: expect.any(String), media: { systemMap: FAKE_MEDIA[0]!.id } });
    expect(patchFromForm(form, config, false).media).toEqual({ systemMap: FAKE_MEDIA[0]!.id });
    expect(machinePatchSchema.safeParse(patch).error).toBeUndefined();
  });

  it('can be taken away', () => {
    const withMap = { ...config, systemMap: '/boot/System.map' };
    const form = formFromConfig(withMap);
    expect(patchFromForm(form, withMap, true)).toEqual({});
    form.systemMap = null;
    expect(patchFromForm(form, withMap, true)).toEqual({ systemMap: null });
  });
});

describe('placesFor', () => {
  it('offers what is free and what the drive has', () => {
    const { drives } = formFromConfig(config);
    const places = placesFor(drives[0]!, drives).map(({ channel, unit }) => `${channel}:${unit}`);
    expect(places).toEqual(['0:0', '0:1', '1:1']);
  });
});

describe('addDrive', () => {
  it('takes free places in order and stops when all are taken', () => {
    const form = formFromConfig(config);
    expect(addDrive(form, 'cdrom', null)).toBe(true);
    expect(form.drives.at(-1)!.config).toMatchObject({ id: 'cd2', slot: { channel: 0, unit: 1 } });
    expect(addDrive(form, 'disk', { sizeGiB: 1 })).toBe(true);
    expect(form.drives.at(-1)!.config).toMatchObject({ id: 'disk2', slot: { channel: 1, unit: 1 } });
    expect(canAdd('cdrom', form.drives)).toBe(false);
    expect(addDrive(form, 'cdrom', null)).toBe(false);
    expect(canAdd('floppy', form.drives)).toBe(true);
  });
});

describe('settingsProblems', () => {
  it('says what is missing', () => {
    const form = { ...formFromConfig(config), bootOrder: [], kernel: { path: '', initrd: '', commandLine: '' } };
    const problems = settingsProblems(form, ['other'], null);
    expect(problems.boot?.key).toBe('validate.bootEmpty');
    expect(problems.kernel?.key).toBe('validate.kernelMissing');
    expect(problems.name).toBeNull();
  });
});
