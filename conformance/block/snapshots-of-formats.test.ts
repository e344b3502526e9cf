import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Host } from '../../src/main/host/host.js';
import { toolMissing } from '../../src/testing/debian-packages.js';
import { FakeVmStarter } from '../../src/testing/fake-vm-starter.js';
import { InProcessDiskJobStarter } from '../../src/testing/in-process-disk-jobs.js';

const run = promisify(execFile);
const missing = toolMissing('qemu-img') ?? toolMissing('qemu-io');
const SIZE = 16 << 20;
const PIECE = 1 << 20;

/** A disk of each format as QEMU makes it, and whether what a snapshot's layer holds can be written back into it. */
const DISKS = [
  { format: 'vmdk', qemu: 'vmdk', options: 'subformat=monolithicSparse', takesMerge: true },
  { format: 'vmdk', qemu: 'vmdk', options: 'subformat=twoGbMaxExtentSparse', takesMerge: true },
  { format: 'vmdk', qemu: 'vmdk', options: 'subformat=streamOptimized', takesMerge: false },
  { format: 'vdi', qemu: 'vdi', options: 'static=off', takesMerge: true },
  { format: 'vhd', qemu: 'vpc', options: 'subformat=dynamic,force_size=on', takesMerge: true },
  { format: 'vhd', qemu: 'vpc', options: 'subformat=fixed,force_size=on', takesMerge: true },
  { format: 'vhdx', qemu: 'vhdx', options: 'subformat=dynamic', takesMerge: true },
] as const;

let root: string;
let host: Host;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'annex-formats-'));
  // What is deleted goes to a trash of the test's own.
  process.env['XDG_DATA_HOME'] = path.join(root, '.data');
  host = await open();
});
afterEach(async () => {
  await host.close();
  await rm(root, { recursive: true, force: true });
});

function open(): Promise<Host> {
  const diskJobStarter = new InProcessDiskJobStarter();
  return Host.open({
    libraryPath: path.join(root, 'library'),
    starter: new FakeVmStarter(),
    diskJobStarter,
    version: '0',
  });
}

/** A machine whose disk is `file`, and what must be in that disk. */
class Subject {
  readonly content = Buffer.alloc(SIZE);
  private constructor(
    readonly id: string,
    readonly folder: string,
  ) {}

  static async create(file: string, format: (typeof DISKS)[number]['format']): Promise<Subject> {
    const slot = { bus: 'ide', channel: 0, unit: 0 } as const;
    const disk = { id: 'disk0', kind: 'disk' as const, slot, path: 'new' };
    const { id: mediaId } = await host.command('media.add', { path: file });
    const { config } = await host.command('machine.create', {
      draft: { name: 'Test', memoryMiB: 16, drives: [{ ...disk, format }], media: { disk0: mediaId } },
    });
    return new Subject(config.id, path.join(root, 'library/Test.annex'));
  }

  async head(id = this.id): Promise<{ path: string; format: string }> {
    const { config } = await host.command('machine.get', { id });
    const [drive] = config.drives;
    if (drive?.kind !== 'disk') throw new Error('no disk');
    const folder = path.join(root, 'library', `${config.name}.annex`);
    return { path: path.resolve(folder, drive.path), format: drive.format };
  }

  /** QEMU writes through the chain, so it has to understand what the layer says it builds on. */
  async write(at: number, value: number): Promise<void> {
    this.content.fill(value, at * PIECE, (at + 1) * PIECE);
    const { path: file, format } = await this.head();
    await run('qemu-io', ['-f', qemuName(format), '-c', `write -P ${value} ${at * PIECE} ${PIECE}`, file]);
  }

  async expectContent(content = this.content, id = this.id): Promise<void> {
    const model = path.join(root, 'model.raw');
    await writeFile(model, content);
    const { path: file, format } = await this.head(id);
    await run('qemu-img', ['compare', '-f', qemuName(format), '-F', 'raw', file, model]);
    if (format === 'qcow2') await run('qemu-img', ['check', '-q', '-f', 'qcow2', file]);
  }
}

const qemuName = (format: string): string => (format === 'vhd' ? 'vpc' : format);

describe.skipIf(missing)(`snapshots over disks of other programs${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it.each(DISKS)('$format ($options)', async ({ format, qemu, options, takesMerge }) => {
    const first = Buffer.alloc(SIZE);
    first.fill(1, 2 * PIECE, 5 * PIECE);
    await writeFile(path.join(root, 'first.raw'), first);
    const file = path.join(root, `disk.${format}`);
    await run('qemu-img', ['convert', '-f', 'raw', '-O', qemu, '-o', options, path.join(root, 'first.raw'), file]);
    const subject = await Subject.create(file, format);
    const { id } = subject;
    first.copy(subject.content);
    await subject.expectContent();

    const clean = await host.command('snapshot.take', { id, name: 'clean' });
    await subject.expectContent();
    await subject.write(4, 2);
    await subject.write(9, 3);
    const changed = await host.command('snapshot.take', { id, name: 'changed' });
    const then = Buffer.from(subject.content);
    await subject.write(0, 4);
    const compared = await host.command('snapshot.compare', { id, from: clean.id, to: changed.id });
    expect(compared.drives).toEqual([
      { driveId: 'disk0', change: 'changed', differentBytes: 2 * PIECE, sizeBytes: SIZE },
    ]);

    await host.command('snapshot.revert', { id, snapshotId: clean.id });
    await subject.expectContent(first);
    for (const kind of ['full', 'linked'] as const) {
      const name = `${kind} clone`;
      const clone = await host.command('machine.clone', { id, snapshotId: clean.id, kind, name });
      await subject.expectContent(first, clone.config.id);
      await host.command('machine.delete', { id: clone.config.id });
    }
    await host.command('snapshot.revert', { id, snapshotId: changed.id });
    await subject.expectContent(then);

    for (const { id: snapshotId } of [clean, changed])
      await host.command('snapshot.delete', { id, snapshotId, descendants: false });
    await subject.expectContent(then);
    const { format: left } = await subject.head();
    expect(left).toBe(takesMerge ? format : 'qcow2');
  });
});
