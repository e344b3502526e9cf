import { describe, test } from 'vitest';
import { grubRescue, memtestIso } from '../../src/testing/boot-media.js';
import { debianMissing } from '../../src/testing/debian-packages.js';
import { FIRMWARES } from '../../src/testing/firmwares.js';
import type { GuestOptions } from '../../src/testing/guest.js';
import { throughLives } from '../../src/testing/rebirth.js';

const LONG = { timeout: 300_000 };

describe.skipIf(debianMissing()).each(FIRMWARES)('saved states under $name', ({ make, missing }) => {
  const guestWith = (media: GuestOptions) => (): GuestOptions => {
    const firmware = make();
    return { memoryMiB: 64, ...media, ...(firmware ? { firmware } : {}) };
  };

  test.skipIf(missing)('GRUB on a CD comes up and obeys the keyboard', LONG, async () => {
    const options = guestWith({ cdrom: await grubRescue('cdrom.iso') });
    const menu = throughLives(options, /\*GNU\/Linux/);
    menu.press('ArrowDown');
    const moved = throughLives(options, /\*GNU \(aka GNU\/Hurd\)/, menu);
    moved.press('KeyC');
    throughLives(options, /grub>/, moved);
  });

  test.skipIf(missing)('GRUB on a diskette comes up', LONG, async () => {
    throughLives(guestWith({ floppy: await grubRescue('floppy.img') }), /GNU GRUB/);
  });

  test.skipIf(missing)('memtest86+ comes up', LONG, async () => {
    throughLives(guestWith({ cdrom: await memtestIso('x64'), memoryMiB: 32 }), /Pass:\s+0/);
  });
});
