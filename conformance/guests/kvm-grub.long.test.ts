import { describe, it } from 'vitest';
import { grubRescue } from '../../src/testing/boot-media.js';
import { debianMissing } from '../../src/testing/debian-packages.js';
import { FIRMWARES } from '../../src/testing/firmwares.js';
import { Guest, type GuestOptions } from '../../src/testing/guest.js';
import { createKvmVcpu, kvmMissing } from '../../src/testing/kvm.js';

const LONG = { timeout: 600_000 };
const noKvm = kvmMissing();
const why = noKvm ?? debianMissing();

describe.skipIf(noKvm).each(FIRMWARES)(`$name on KVM${noKvm ? ` (skipped: ${noKvm})` : ''}`, ({ make, missing }) => {
  const start = (options: GuestOptions): Guest => {
    const firmware = make();
    return new Guest({ memoryMiB: 64, createVcpu: createKvmVcpu, ...options, ...(firmware ? { firmware } : {}) });
  };

  it.skipIf(missing ?? why)('starts GRUB, which obeys the keyboard', LONG, async () => {
    const guest = start({ cdrom: await grubRescue('cdrom.iso') });
    guest.waitForScreen('GNU GRUB', 400);
    guest.press('KeyC');
    guest.waitForScreen('grub>', 100);
    guest.machine.close();
  });
});
