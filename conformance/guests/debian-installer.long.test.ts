import { describe, it } from 'vitest';
import { debianInstallerIso } from '../../src/testing/boot-media.js';
import { Guest } from '../../src/testing/guest.js';

const BOOT_SECONDS = 900;
const SCREEN_SECONDS = 300;

describe('the Debian installer, from a CD through the built-in BIOS', () => {
  it.each(['amd64', 'i386'] as const)('(%s, text) takes language and location from the keyboard', async (arch) => {
    const guest = new Guest({ cdrom: await debianInstallerIso(arch, 'text'), memoryMiB: 256 });
    guest.waitForScreen('Select a language', BOOT_SECONDS);
    guest.press('Enter');
    guest.waitForScreen('Select your location', SCREEN_SECONDS);
    guest.press('Enter');
    guest.waitForScreen('Configure the keyboard', SCREEN_SECONDS);
  });
});
