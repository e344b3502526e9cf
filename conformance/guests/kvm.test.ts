import { describe, expect, it } from 'vitest';
import { memtestIso } from '../../src/testing/boot-media.js';
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

  it.skipIf(missing)('comes up and finds nothing to boot', LONG, () => {
    const guest = start({});
    guest.waitForScreen(/[Nn]o bootable/, 120);
    expect(guest.machine.stats.counters['kvm.io']).toBeGreaterThan(0);
    guest.machine.close();
  });

  it.skipIf(missing ?? why)('starts memtest86+', LONG, async () => {
    const guest = start({ cdrom: await memtestIso('x64'), memoryMiB: 32 });
    guest.waitForScreen(/Memtest86\+/, 400);
    guest.machine.close();
  });
});
