import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeEmptyQcow2 } from '../../src/shared/disk/empty-qcow2.js';
import { debianKernel, debianMissing, debianPackage, toolMissing } from '../../src/testing/debian-packages.js';
import { busyboxInitramfs, SHELL_INIT } from '../../src/testing/initramfs.js';
import { kernelModules } from '../../src/main/host/demo/kernel-modules.js';
import { LiveMachine } from '../../src/testing/live-machine.js';

const run = promisify(execFile);
const missing = debianMissing() ?? toolMissing('qemu-img');
const KERNEL = 'linux-image-cloud-amd64';
const BOOT_SECONDS = 240;
const DISK_BYTES = 128 << 20;

/** The shell's init, with the drivers of IDE disks. */
const INIT = SHELL_INIT.replace('exec <', 'for module in /modules/*.ko; do insmod $module; done\nexec <');

let folder: string;
let machines: LiveMachine[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'annex-layers-'));
  machines = [];
});
afterEach(() => {
  machines.forEach((machine) => machine.kill());
  rmSync(folder, { recursive: true, force: true });
});

const inFolder = (name: string): string => path.join(folder, name);

async function image(name: string, backing?: string): Promise<string> {
  const size = DISK_BYTES;
  const content = encodeEmptyQcow2(backing ? { size, backing: { name: backing, format: 'qcow2' } } : { size });
  await writeFile(inFolder(name), content);
  return inFolder(name);
}

type Options = Parameters<typeof LiveMachine.start>[0];

async function start(disk: string, options: Pick<Options, 'backing' | 'restoreFrom'> = {}): Promise<LiveMachine> {
  const modules = await kernelModules(await debianPackage(KERNEL), ['sd_mod', 'ata_piix']);
  const initrd = await busyboxInitramfs('amd64', INIT, modules);
  const slot = { bus: 'ide', channel: 0, unit: 0 } as const;
  const machine = await LiveMachine.start({
    folder,
    config: {
      memoryMiB: 128,
      kernel: { path: await debianKernel(KERNEL), initrd, commandLine: 'console=ttyS0 panic=-1' },
      drives: [{ id: 'hd0', kind: 'disk', slot, path: disk, format: 'qcow2', readonly: false }],
    },
    ...options,
  });
  machines.push(machine);
  return machine;
}

/** MD5 of 2 MiB of the disk, from a MiB on, as the guest reads it. */
async function sum(guest: LiveMachine, mib: number): Promise<string> {
  const command = `echo 3 >/proc/sys/vm/drop_caches; echo SUM=$(dd if=/dev/sda bs=1M skip=${mib} count=2 2>/dev/null | md5sum)`;
  return /SUM=([0-9a-f]{32})/.exec(await guest.command(command, /SUM=[0-9a-f]{32}/))![1]!;
}

const write = (guest: LiveMachine, mib: number, word: string) =>
  guest.command(
    `yes ${word} | dd of=/dev/sda bs=64k seek=${mib * 16} count=32 iflag=fullblock conv=fsync 2>/dev/null; echo DONE=$?`,
    'DONE=0',
  );

/** Has the guest write what `source` prints to MiB 64 again and again, and returns once it has done so. */
async function keepWriting(guest: LiveMachine, source: string): Promise<void> {
  const dd = 'dd of=/dev/sda bs=64k seek=1024 count=64 iflag=fullblock conv=fsync 2>/dev/null';
  await guest.command(
    `(i=0; while :; do i=$((i+1)); ${source} | ${dd}; echo $i >/busy; done) & echo LOOP=$?`,
    'LOOP=0',
  );
  await guest.command('while [ ! -s /busy ]; do sleep 0.1; done; echo BUSY=$?', 'BUSY=0');
}

/** Ends that. The loop's last dd goes on without the loop. */
async function stopWriting(guest: LiveMachine): Promise<void> {
  await guest.command('kill $!; while pidof dd >/dev/null; do sleep 0.1; done; sync; echo STOPPED=$?', 'STOPPED=0');
}

describe.skipIf(missing)(`the disk of a running guest${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test('goes over to an overlay, loses the layer below it, and can be had as it was at the snapshot', async () => {
    const base = await image('base.qcow2');
    const guest = await start(base);
    await guest.waitFor('@@READY', BOOT_SECONDS);
    await guest.command('while [ ! -b /dev/sda ]; do sleep 0.1; done; echo DISK=$?', 'DISK=0');
    await write(guest, 8, 'before');
    await write(guest, 16, 'before');
    const before = await sum(guest, 8);

    const overlay = await image('over.qcow2', 'base.qcow2');
    await guest.snapshot(inFolder('one.state'), { heads: { hd0: overlay } });
    await write(guest, 16, 'after');
    const after = await sum(guest, 16);
    expect(after).not.toBe(before);
    await keepWriting(guest, 'yes busy');
    await guest.call({ name: 'merge-layer', driveId: 'hd0', layer: base });
    await stopWriting(guest);
    expect([await sum(guest, 8), await sum(guest, 16)]).toEqual([before, after]);
    await guest.call({ name: 'power-off' });
    await guest.whenEnded();
    const { stdout } = await run('qemu-img', ['info', '--output=json', overlay]);
    expect(JSON.parse(stdout)).not.toHaveProperty('backing-filename');
    await run('qemu-img', ['check', '-q', overlay]);

    const second = await image('second.qcow2', 'base.qcow2');
    const restoreFrom = { path: inFolder('one.state'), bases: [] };
    const back = await start(second, { backing: { hd0: [base] }, restoreFrom });
    expect([await sum(back, 8), await sum(back, 16)]).toEqual([before, before]);
  });

  test('is written down into the disk below while the guest writes to it', async () => {
    const base = await image('base.qcow2');
    const guest = await start(base);
    await guest.waitFor('@@READY', BOOT_SECONDS);
    await guest.command('while [ ! -b /dev/sda ]; do sleep 0.1; done; echo DISK=$?', 'DISK=0');
    await write(guest, 8, 'before');
    await write(guest, 16, 'before');
    const before = await sum(guest, 8);
    const overlay = await image('over.qcow2', 'base.qcow2');
    await guest.snapshot(inFolder('one.state'), { heads: { hd0: overlay } });
    await write(guest, 16, 'after');
    const after = await sum(guest, 16);
    await keepWriting(guest, 'yes busy$i');
    const merge = { driveId: 'hd0', layer: base, child: overlay };
    expect(await guest.call({ name: 'merge-down', ...merge })).toEqual({ mirrored: true });
    await guest.command('sleep 1; echo MIRRORED=$?', 'MIRRORED=0');
    await guest.call({ name: 'finish-merge', driveId: 'hd0' });
    await guest.command('sleep 1; echo FINISHED=$?', 'FINISHED=0');
    await stopWriting(guest);
    const busy = await sum(guest, 64);
    expect([await sum(guest, 8), await sum(guest, 16)]).toEqual([before, after]);
    await guest.call({ name: 'power-off' });
    await guest.whenEnded();
    rmSync(overlay);
    await run('qemu-img', ['check', '-q', base]);
    const again = await start(base);
    await again.waitFor('@@READY', BOOT_SECONDS);
    await again.command('while [ ! -b /dev/sda ]; do sleep 0.1; done; echo DISK=$?', 'DISK=0');
    expect([await sum(again, 8), await sum(again, 16), await sum(again, 64)]).toEqual([before, after, busy]);
  });
});
