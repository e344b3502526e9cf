import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDiskJob } from '../../src/main/vmhost/disk-jobs/run-disk-job.js';
import { imagePorts, openImageFile } from '../../src/main/vmhost/files/image-ports.js';
import type { DiskJobRequest } from '../../src/shared/disk-jobs/protocol.js';
import { toolMissing } from '../../src/testing/debian-packages.js';
import { imageOperation, runImageSession } from '../../src/testing/storage/image-session.js';

/** How many histories a disk has; `HISTORY_RUNS` for more. */
const RUNS = Number(process.env['HISTORY_RUNS'] ?? 3);
const MIB = 1 << 20;
const SIZE = 5 * MIB;

/** Formats that grow and shrink on the host, with the names and options that qemu-img has for them. */
const FORMATS = {
  qcow2: { name: 'qcow2', options: 'compat=1.1', checkable: true },
  vmdk: { name: 'vmdk', options: 'subformat=monolithicSparse', checkable: true },
  vdi: { name: 'vdi', options: 'static=off', checkable: true },
  vhd: { name: 'vpc', options: 'subformat=dynamic,force_size=on', checkable: false },
  vhdx: { name: 'vhdx', options: 'subformat=dynamic', checkable: true },
} as const;
type Format = keyof typeof FORMATS;
const formats = Object.keys(FORMATS) as Format[];

const format = fc.constantFrom(...formats);
/** What may happen to a disk. */
const event = fc.oneof(
  fc.record({ kind: fc.constant('session' as const), operations: fc.array(imageOperation, { minLength: 1, maxLength: 8 }) }),
  fc.record({ kind: fc.constant('grow' as const), mib: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant('compact' as const) }),
  fc.record({ kind: fc.constant('convert' as const), to: format }),
  fc.record({ kind: fc.constant('qemu converts' as const), to: format }),
  fc.record({ kind: fc.constant('qemu writes' as const), mib: fc.integer({ min: 0, max: 4 }), byte: fc.integer({ min: 0, max: 255 }) }),
); // prettier-ignore
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

const run = promisify(execFile);
const missing = toolMissing('qemu-img');
const job = (request: DiskJobRequest) => runDiskJob(request, { checkpoint: () => {}, progress: () => {} });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-histories-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A disk with the bytes it should have. */
class ModelledDisk {
  readonly file = path.join(folder, 'disk');
  private model = Buffer.alloc(SIZE);

  constructor(private format: Format) {}

  async create(): Promise<void> {
    await rm(this.file, { force: true });
    const { file, format } = this;
    await job({ job: 'create', path: file, format, layout: 'sparse', size: SIZE, clusterBytes: null, backing: null, bases: null });
  } // prettier-ignore

  async happen(what: Event): Promise<void> {
    const { file, format } = this;
    const image = { path: file, format, bases: null };
    if (what.kind === 'session') await runImageSession(() => this.open(), what.operations, this.model);
    else if (what.kind === 'grow') await this.grow(this.model.length + what.mib * MIB);
    else if (what.kind === 'compact') await job({ job: 'compact', image });
    else if (what.kind === 'convert') {
      await job({ job: 'convert', source: image, path: `${file}.new`, format: what.to, layout: 'sparse' });
      await this.become(what.to);
    } else if (what.kind === 'qemu converts') {
      const { name, options } = FORMATS[what.to];
      await run('qemu-img', ['convert', '-f', FORMATS[format].name, '-O', name, '-o', options, file, `${file}.new`]);
      await this.become(what.to);
    } else {
      await run('qemu-io', ['-f', FORMATS[format].name, '-c', `write -P ${what.byte} ${what.mib}M 300K`, file]);
      this.model.fill(what.byte, what.mib * MIB, what.mib * MIB + 300 * 1024);
    }
  }

  /** Nothing is wrong for qemu-img, which reads the same bytes as we do. */
  async expectSound(): Promise<void> {
    const { name, checkable } = FORMATS[this.format];
    if (checkable) await run('qemu-img', ['check', '-f', name, this.file]);
    const report = (await job({ job: 'check', image: { path: this.file, format: this.format, bases: null }, repair: 'none' })) as { problems: string[] };
    expect(report.problems).toEqual([]);
    const model = path.join(folder, 'model.raw');
    await writeFile(model, this.model);
    await run('qemu-img', ['compare', '-f', name, '-F', 'raw', this.file, model]);
    await runImageSession(() => this.open(), [], this.model);
  } // prettier-ignore

  private async grow(size: number): Promise<void> {
    const image = { path: this.file, format: this.format, bases: null };
    const before = await readFile(this.file);
    try {
      await job({ job: 'resize', image, size, allowShrink: false });
      this.model = Buffer.concat([this.model, Buffer.alloc(size - this.model.length)]);
    } catch (error) {
      // Tables without room for more: the image is as it was.
      expect(error).toMatchObject({ code: 'image-unsupported' });
      expect((await readFile(this.file)).equals(before)).toBe(true);
    }
  }

  private async become(format: Format): Promise<void> {
    await rename(`${this.file}.new`, this.file);
    this.format = format;
  }

  private async open() {
    return openImageFile(this.file, this.format, false, await imagePorts(this.file, { readonly: false }));
  }
}

describe.skipIf(missing)(`histories of disks${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it.each(formats)(
    'keep what was written to a %s disk',
    async (first) => {
      await fc.assert(
        fc.asyncProperty(fc.array(event, { minLength: 2, maxLength: 8 }), async (events) => {
          const disk = new ModelledDisk(first);
          await disk.create();
          for (const what of events) {
            await disk.happen(what);
            await disk.expectSound();
          }
        }),
        { numRuns: RUNS },
      );
    },
    600_000,
  );
});
