import { describe, it } from 'vitest';
import { debianInstallerIso } from '../../src/testing/boot-media.js';
import { FIRMWARES } from '../../src/testing/firmwares.js';
import { Guest } from '../../src/testing/guest.js';

const BOOT_SECONDS = 15 * 60;
const SCREEN_SECONDS = 5 * 60;

/** Below about 900 MiB the installer goes into its low-memory mode, which has no language screen. */
const MEMORY_MIB = 1024;

describe.each(FIRMWARES)('the Debian installer from a CD under $name', ({ make, missing }) => {
  it.skipIf(missing).each(['amd64', 'i386'] as const)(
    '(%s) takes language and location from the keyboard',
    async (arch) => {
      const firmware = make();
      const guest = new Guest({
        // Without kernel mode-setting the console stays in VGA text mode, where its characters can be read.
        cdrom: await debianInstallerIso(arch, 'text', 'nomodeset'),
        memoryMiB: MEMORY_MIB,
        ...(firmware && { firmware }),
      });
      guest.waitForScreen('Select a language', BOOT_SECONDS);
      guest.press('ArrowDown', 'ArrowUp', 'Enter');
      guest.waitForScreen('Select your location', SCREEN_SECONDS);
      guest.waitForScreen('United States', SCREEN_SECONDS);
      guest.press('Enter');
      guest.waitForScreen('Configure the keyboard', SCREEN_SECONDS);
    },
  );
});
