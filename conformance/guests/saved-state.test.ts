import { describe, expect, test } from 'vitest';
import { decodePlain, encodePlain } from '../../src/main/vmm/snapshot/plain-value.js';
import { grubRescue, memtestIso } from '../../src/testing/boot-media.js';
import { debianKernel, debianMissing } from '../../src/testing/debian-packages.js';
import { FIRMWARES } from '../../src/testing/firmwares.js';
import { Guest, type GuestOptions, type SavedGuest } from '../../src/testing/guest.js';
import { busyboxInitramfs } from '../../src/testing/initramfs.js';

/** What differs although nothing is wrong: time goes on between two looks. */
const MOVING = new Set(['clockNs']);

/** A guest made anew from what a file would hold of it. */
function reborn(options: GuestOptions, saved: SavedGuest): Guest {
  const state = decodePlain(encodePlain(saved.state)) as SavedGuest['state'];
  return new Guest({ ...options, from: { ...saved, state } });
}

/** Leaves of a state by place, but for those that move by themselves. */
function leaves(value: unknown, place = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [[place, value]];
  return Object.entries(value).flatMap(([key, part]) => (MOVING.has(key) ? [] : leaves(part, `${place}.${key}`)));
}

/** Every register of every device is what it was. */
function expectSame(saved: SavedGuest, again: SavedGuest): void {
  const before = new Map(leaves(saved.state));
  const differing = leaves(again.state).filter(([place, value]) => {
    const was = before.get(place);
    if (value instanceof Uint8Array && was instanceof Uint8Array) return Buffer.compare(value, was) !== 0;
    return !Object.is(value, was);
  });
  expect(differing.map(([place, value]) => `${place}: ${String(before.get(place))} → ${String(value)}`)).toEqual([]);
}

/** Runs a guest to a screen, saving it and making it anew again and again. */
function throughLives(options: () => GuestOptions, screen: RegExp, first = new Guest(options())): Guest {
  let guest = first;
  for (let lives = 0; !screen.test(guest.screen) && lives < 300; lives++) {
    guest.runUntil(() => screen.test(guest.screen), 0.05 + 0.03 * (lives % 5));
    const saved = guest.save();
    const { screen: shown } = guest;
    guest = reborn(options(), saved);
    expectSame(saved, guest.save());
    expect(guest.screen).toBe(shown);
  }
  expect(guest.screen).toMatch(screen);
  return guest;
}

describe.skipIf(debianMissing())('saved states of live guests (skipped where apt is missing)', () => {
  test.each(['', 'acpi=off noapic nolapic'])('Linux “%s” goes on from any point of its boot', async (commandLine) => {
    const options = {
      kernel: await debianKernel('linux-image-cloud-amd64'),
      initrd: await busyboxInitramfs('amd64'),
      commandLine: `console=ttyS0 ${commandLine}`,
    };
    let guest = new Guest(options);
    let printed = '';
    for (let rebirths = 0; !/@@READY/.test(printed + guest.serial) && rebirths < 60; rebirths++) {
      guest.runUntil(() => false, 0.3 + 0.07 * (rebirths % 7));
      const saved = guest.save();
      printed += guest.serial;
      guest = reborn(options, saved);
      expectSame(saved, guest.save());
    }
    printed += guest.serial;
    guest.serial = '';
    expect(printed).toContain('@@READY');
    guest.type('dmesg | grep -ciE "BUG:|Oops|call trace|unstable"; sleep 1; seq 1 2000 | md5sum\n');
    guest.waitForSerial('ea4d0a24dabcaa11f9aa979b872d162b', 60);
    expect(guest.serial).toMatch(/\n0\r\n/);
  });

  const LONG = { timeout: 300_000 };

  describe.each(FIRMWARES)('under $name', ({ make, missing }) => {
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
});
