import { describe, expect, test } from 'vitest';
import { debianKernel, debianMissing } from '../../src/testing/debian-packages.js';
import { Guest } from '../../src/testing/guest.js';
import { busyboxInitramfs } from '../../src/testing/initramfs.js';
import { rebirth } from '../../src/testing/rebirth.js';

describe.skipIf(debianMissing())('saved states of a live guest (skipped where apt is missing)', () => {
  test.each(['', 'acpi=off noapic nolapic'])('Linux “%s” goes on from any point of its boot', async (commandLine) => {
    const options = {
      kernel: await debianKernel('linux-image-cloud-amd64'),
      initrd: await busyboxInitramfs('amd64'),
      commandLine: `console=ttyS0 ${commandLine}`,
    };
    let guest = new Guest(options);
    let printed = '';
    for (let lives = 0; !printed.includes('@@READY') && lives < 400; lives++) {
      guest.runUntil(() => false, 0.3 + 0.07 * (lives % 7));
      printed += guest.serial;
      guest = rebirth(guest, options);
    }
    expect(printed).toContain('@@READY');
    guest.type('dmesg | grep -ciE "BUG:|Oops|call trace|unstable"; sleep 1; seq 1 2000 | md5sum\n');
    guest.waitForSerial('ea4d0a24dabcaa11f9aa979b872d162b', 60);
    expect(guest.serial).toMatch(/\n0\r\n/);
  });
});
