import { afterEach, describe, expect, test } from 'vitest';
import { AnnexRun } from '../../src/testing/annex-run.js';
import { debianKernel, debianMissing } from '../../src/testing/debian-packages.js';
import { busyboxInitramfs } from '../../src/testing/initramfs.js';

const BOOT_SECONDS = 240;

let run: AnnexRun | undefined;
afterEach(() => run?.kill());

const GUESTS = [
  { kernel: 'linux-image-cloud-amd64', arch: 'amd64', machine: 'x86_64' },
  { kernel: 'linux-image-686', arch: 'i386', machine: 'i686' },
] as const;

/** With nothing, Linux uses ACPI, the APICs and HPET; with these, the 8259A pair and the 8254 alone. */
const COMMAND_LINES = ['', 'acpi=off noapic nolapic'] as const;

describe.skipIf(debianMissing())('Debian kernels on the serial line (skipped where apt is missing)', () => {
  const variants = GUESTS.flatMap((guest) => [
    ...COMMAND_LINES.map((options) => ({ ...guest, options, engine: 'interpreter' })),
    { ...guest, options: '', engine: 'translator' },
  ]);

  test.each(variants)('$kernel with “$options” on the $engine reaches a shell, computes, powers off', async (guest) => {
    run = new AnnexRun([
      ...['--engine', guest.engine],
      ...['--kernel', await debianKernel(guest.kernel), '--initrd', await busyboxInitramfs(guest.arch)],
      ...[
        '--append',
        `console=ttyS0 panic=-1 ${guest.options}`,
        '--memory',
        '256',
        '--net',
        'none',
        '--serial',
        'stdio',
      ],
    ]);
    await run.waitFor(`@@READY`, BOOT_SECONDS);
    await run.command('uname -m', guest.machine);
    await run.command('echo $((6 * 7 * 1000 + 1))', '42001');
    // A pipeline forks, a checksum exercises the whole data path.
    await run.command('seq 1 20000 | md5sum', 'e071f707df7bbeee2a6a1eb48011ddd0');
    await run.command('dmesg | grep -ciE "BUG:|Oops|call trace"', /^0\s*$/m);
    await run.command('sleep 1; echo slept', 'slept');
    run.type('poweroff -f\n');
    expect(await run.end()).toBe(0);
  });
});
