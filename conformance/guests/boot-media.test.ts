import { describe, expect, it } from 'vitest';
import type { KeyCode } from '../../src/shared/contract/input.js';
import { grubRescue, isolinuxIso, memtestIso } from '../../src/testing/boot-media.js';
import { FIRMWARES } from '../../src/testing/firmwares.js';
import { Guest } from '../../src/testing/guest.js';

const LONG = { timeout: 600_000 };

/** Key codes of lower-case letters, digits and what else the tests type. */
function keys(text: string): KeyCode[] {
  return Array.from(text, (c) => {
    if (c === ' ') return 'Space';
    if (c === '\n') return 'Enter';
    return (/[0-9]/.test(c) ? `Digit${c}` : `Key${c.toUpperCase()}`) as KeyCode;
  });
}

const MENU = `
SERIAL 0
UI menu.c32
PROMPT 0
TIMEOUT 3000
MENU TITLE Annex test menu
LABEL first
  MENU LABEL The first entry
  KERNEL reboot.c32
LABEL second
  MENU LABEL The second entry
  KERNEL reboot.c32
`;

describe.each(FIRMWARES)('under $name', ({ make, missing }) => {
  const start = (media: { cdrom?: string; floppy?: string; memoryMiB?: number }): Guest => {
    const chosen = make();
    return new Guest({ memoryMiB: 128, ...media, ...(chosen ? { firmware: chosen } : {}) });
  };

  it.skipIf(missing)('GRUB on a CD shows its menu, obeys the keyboard and finds the drive', LONG, async () => {
    const guest = start({ cdrom: await grubRescue('cdrom.iso') });
    guest.waitForScreen('GNU GRUB', 240);
    guest.waitForScreen(/\*GNU\/Linux/, 60);
    guest.press('ArrowDown');
    guest.waitForScreen(/\*GNU \(aka GNU\/Hurd\)/, 60);
    guest.press('KeyC');
    guest.waitForScreen('grub>', 60);
    guest.press(...keys('ls\n'));
    guest.waitForScreen('(cd)', 60);
  });

  it.skipIf(missing)('GRUB on a diskette reaches its shell', LONG, async () => {
    const guest = start({ floppy: await grubRescue('floppy.img') });
    guest.waitForScreen('GNU GRUB', 300);
    guest.press('KeyC');
    guest.waitForScreen('grub>', 60);
    guest.press(...keys('ls\n'));
    guest.waitForScreen('(fd0)', 60);
  });

  it.skipIf(missing)('ISOLINUX shows its menu and moves the bar', LONG, async () => {
    const iso = await isolinuxIso({ config: MENU, modules: ['menu.c32', 'libutil.c32', 'libcom32.c32', 'reboot.c32'] });
    const guest = start({ cdrom: iso });
    guest.waitForScreen('Annex test menu', 240);
    guest.waitForScreen('The second entry', 30);
    guest.press('ArrowDown', 'Tab');
    guest.waitForScreen(/> \.?\/?reboot\.c32|> reboot/, 60);
  });

  it.skipIf(missing).each(['x64', 'ia32'] as const)('memtest86+ (%s) tests memory', LONG, async (flavour) => {
    const guest = start({ cdrom: await memtestIso(flavour), memoryMiB: 32 });
    guest.waitForScreen(/Memtest86\+/, 240);
    guest.waitForScreen(/Pass:\s+0/, 120);
    expect(guest.screen).toMatch(/Memory/);
    guest.press('F1');
    guest.waitForScreen(/Settings|Configuration/, 120);
  });
});
