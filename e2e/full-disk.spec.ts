import { spawnSync } from 'node:child_process';
import { mkdtemp, open, readFile, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Host } from '../src/main/host/host.js';
import { ForkStarter } from '../src/main/host/supervisor/fork-starter.js';

const VM_PROCESS = path.resolve('out/main/vmhost.js');
const DISK_JOB = path.resolve('out/main/disk-job.js');
const PATIENCE = { timeout: 120_000, interval: 100 };
const MIB = 1 << 20;
const SECTOR = 512;
const FIRST_WRITTEN = 64;
const WRITTEN_END = (32 * MIB) / SECTOR;

/**
 * A boot sector that fills sectors 64 to 65,535 through INT 13h function 43h, 64 at a time, each sector beginning with
 * its own number, and then turns the machine off (SLP_EN with SLP_TYP 0 in PM1a_CNT at 604h); at an error it halts.
 */
const FILLER = Buffer.from(
  '31c08ed88ed0bc007cb800108ec031ff668b0e527c2666890d664181c700' +
    '0281ff008072f0be4a7cb44330c0cd137218668306527c4066813e527c00' +
    '00010072cdb80020ba0406effaf410004000000000104000000000000000',
  'hex',
);

/** A file system of its own for the library, with less room than the guest will ask for. */
function mountSmallFileSystem(folder: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder]).status === 0;
}

const canMount = await (async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'annex-mount-'));
  const mounted = process.platform === 'linux' && mountSmallFileSystem(folder);
  if (mounted) spawnSync('umount', [folder]);
  await rm(folder, { recursive: true });
  return mounted;
})();

let library: string;
let host: Host;

beforeEach(async () => {
  library = await mkdtemp(path.join(tmpdir(), 'annex-full-'));
  if (canMount) mountSmallFileSystem(library);
  host = await Host.open({
    libraryPath: library,
    starter: new ForkStarter(VM_PROCESS),
    diskJobStarter: new ForkStarter(DISK_JOB),
    version: '0',
  });
});

afterEach(async () => {
  await host.close();
  if (canMount) spawnSync('umount', [library]);
  await rm(library, { recursive: true });
});

async function freeBytes(): Promise<number> {
  const { bavail, bsize } = await statfs(library);
  return bavail * bsize;
}

/** A machine whose disk boots the filler. */
async function fillingMachine(): Promise<{ id: string; disk: string }> {
  const disk = { id: 'disk0', kind: 'disk', slot: { bus: 'ide', channel: 0, unit: 0 }, path: 'x' } as const;
  const draft = { name: 'Filler', memoryMiB: 32, drives: [disk], newDisks: { disk0: { sizeBytes: 64 * MIB } } };
  const { config } = await host.command('machine.create', { draft });
  return { id: config.id, disk: path.join(library, 'Filler.annex', config.drives[0]!.path!) };
}

async function writeBootSector(disk: string): Promise<void> {
  const sector = Buffer.alloc(SECTOR);
  FILLER.copy(sector);
  sector.writeUInt16LE(0xaa55, SECTOR - 2);
  const file = await open(disk, 'r+');
  await file.write(sector, 0, SECTOR, 0);
  await file.close();
}

test.skipIf(!canMount)(
  'a guest that fills the disk of its host pauses with a message, and loses nothing when space is made (needs the right to mount a tmpfs)',
  async () => {
    const { id, disk } = await fillingMachine();
    await writeBootSector(disk);
    await host.command('machine.start', { id });
    const machine = () => host.command('machine.get', { id });
    await vi.waitFor(async () => expect((await machine()).state).toBe('paused'), PATIENCE);
    expect((await machine()).problem).toMatchObject({ code: 'no-space' });
    expect(await freeBytes()).toBeLessThan(MIB);

    // Resuming a machine that still finds no room pauses it again; it never sees an error.
    await host.command('machine.resume', { id });
    await vi.waitFor(async () => expect((await machine()).problem).toMatchObject({ code: 'no-space' }), PATIENCE);

    expect(spawnSync('mount', ['-o', 'remount,size=96m', library]).status).toBe(0);
    await host.command('machine.resume', { id });
    await vi.waitFor(async () => expect((await machine()).state).toBe('stopped'), PATIENCE);
    expect((await machine()).problem).toBeNull();

    const content = await readFile(disk);
    for (let lba = FIRST_WRITTEN; lba < WRITTEN_END; lba++) expect(content.readUInt32LE(lba * SECTOR)).toBe(lba);
  },
);
