import { describe, expect, it } from 'vitest';
import { FAKE_MEDIA } from '../../client/fake/fake-host.js';
import { machineDraftSchema } from '../../../shared/contract/commands.js';
import type { MediaView } from '../../../shared/contract/host-view.js';
import {
  detectedOs,
  draftFromForm,
  emptyForm,
  formProblems,
  nameFromMedium,
  takeMedium,
  type WizardForm,
} from './wizard-form.js';

const medium = (name: string): MediaView => FAKE_MEDIA.find((m) => m.name.startsWith(name))!;
const formWith = (...media: MediaView[]): WizardForm => {
  const form = emptyForm([], 'machine');
  for (const one of media) takeMedium(form, one, ['debian-12']);
  return form;
};

describe('takeMedium', () => {
  it('takes name, system and figures from a recognised ISO', () => {
    const form = formWith(medium('debian'));
    expect(form).toMatchObject({
      source: 'medium',
      guestOs: 'debian',
      name: 'debian-12 2',
      memoryMiB: 1024,
      diskGiB: 20,
    });
  });

  it('names the machine anew with each medium, but keeps a name the person typed', () => {
    const form = formWith(medium('debian'));
    takeMedium(form, medium('server'), []);
    expect(form.name).toBe('server');
    form.name = 'mine';
    takeMedium(form, medium('debian'), []);
    expect(form.name).toBe('mine');
  });

  it('adds no new disk to an existing one', () => {
    expect(formWith(medium('server')).diskGiB).toBeNull();
  });

  it('starts a kernel directly, with its initial RAM disk', () => {
    const form = formWith(medium('vmlinuz'), medium('initrd'));
    expect(form).toMatchObject({ source: 'kernel', guestOs: 'linux', diskGiB: null });
    expect(form.initrd?.name).toBe('initrd.img');
  });

  it('gives a floppy image its drive', () => {
    expect(formWith(medium('grub'))).toMatchObject({ floppy: true, guestOs: 'other' });
  });
});

describe('nameFromMedium', () => {
  it('keeps what names the system', () => {
    expect(nameFromMedium({ ...medium('debian'), name: 'Fedora_42-x86.iso' })).toBe('Fedora-42');
    expect(nameFromMedium({ ...medium('debian'), name: 'a:b?.iso' })).toBe('a b');
  });
});

describe('detectedOs', () => {
  it('knows only systems of the schema', () => {
    const odd = { ...medium('debian'), detected: { ...medium('debian').detected!, guestOs: 'plan9' } };
    expect(detectedOs(odd)).toBeNull();
    expect(detectedOs(medium('debian'))).toBe('debian');
  });
});

describe('draftFromForm', () => {
  it.each(['debian', 'server', 'grub', 'vmlinuz'])('makes a valid draft from %s', (name) => {
    expect(machineDraftSchema.safeParse(draftFromForm(formWith(medium(name)))).error).toBeUndefined();
  });

  it('names media by id and new disks by size', () => {
    const draft = draftFromForm(formWith(medium('debian')));
    expect(draft.media).toEqual({ cd1: medium('debian').id });
    expect(draft.newDisks).toEqual({ disk1: { sizeBytes: 20 * 2 ** 30 } });
  });

  it('starts from the floppy when that is what was chosen', () => {
    const draft = draftFromForm(formWith(medium('grub')));
    expect(draft.bootOrder?.[0]).toBe('floppy');
    expect(draft.media).toEqual({ floppy1: medium('grub').id });
  });

  it('keeps an existing disk in its format', () => {
    const draft = draftFromForm(formWith(medium('server')));
    expect(draft.drives?.[0]).toMatchObject({ id: 'disk1', format: 'qcow2' });
    expect(draft.newDisks).toEqual({});
  });
});

describe('formProblems', () => {
  it('wants something to start from', () => {
    expect(formProblems(emptyForm([], 'm'), [], null).source?.key).toBe('validate.sourceMissing');
    expect(formProblems({ ...emptyForm([], 'm'), source: 'kernel' }, [], null).source?.key).toBe(
      'validate.kernelMissing',
    );
    expect(formProblems({ ...emptyForm([], 'm'), source: 'empty' }, [], null).source).toBeNull();
  });
});
