import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CommandName, CommandReply, CommandRequest } from '../../src/shared/contract/commands.js';
import { AnnexError } from '../../src/shared/contract/errors.js';
import { Host } from '../../src/main/host/host.js';
import type { ProcessStarter } from '../../src/main/host/supervisor/process-starter.js';
import { nodeFiles, type HostFiles } from '../../src/main/node/host-files.js';
import { imagePorts } from '../../src/main/vmhost/files/image-ports.js';
import { openNodeFile } from '../../src/main/vmhost/files/node-file.js';
import type { DiskImage } from '../../src/main/vmm/block/disk-image.js';
import { openImage } from '../../src/main/vmm/block/formats/image-format.js';
import { snapshotTreeSchema, type SnapshotTree } from '../../src/main/host/snapshots/snapshot-tree.js';

const DISK_BYTES = 2 << 20;
const DISK_DRIVE = { id: 'disk0', kind: 'disk', slot: { bus: 'ide', channel: 0, unit: 0 }, path: 'new' } as const;
/** Where a content leaves its mark, in bytes. */
const MARK_STEP = 64 << 10;

/** What must be found again whatever happens: what each snapshot's disk holds, by snapshot id. */
export type Contents = Map<string, string>;

/** A machine in a library, and hosts that come and go. */
export class CrashSite {
  private marks = 0;

  private constructor(
    readonly root: string,
    private readonly starter: ProcessStarter,
    private readonly diskJobs: ProcessStarter,
    readonly name: string,
    private readonly diskBytes: number,
  ) {}

  static async create(starter: ProcessStarter, diskJobs: ProcessStarter, diskBytes = DISK_BYTES): Promise<CrashSite> {
    const root = await mkdtemp(path.join(tmpdir(), 'annex-crash-'));
    const site = new CrashSite(root, starter, diskJobs, 'Test', diskBytes);
    // What is deleted goes to a trash of the test's own.
    process.env['XDG_DATA_HOME'] = path.join(site.root, '.data');
    await site.make();
    return site;
  }

  /** Another machine with such a disk in the same library. */
  async another(name: string): Promise<CrashSite> {
    const other = new CrashSite(this.root, this.starter, this.diskJobs, name, this.diskBytes);
    await other.make();
    return other;
  }

  /** The same library in another place. */
  async copy(): Promise<CrashSite> {
    const root = await mkdtemp(path.join(tmpdir(), 'annex-crash-'));
    const other = new CrashSite(root, this.starter, this.diskJobs, this.name, this.diskBytes);
    other.marks = this.marks;
    await cp(this.root, other.root, { recursive: true });
    return other;
  }

  open(files: HostFiles = nodeFiles): Promise<Host> {
    const { root: libraryPath, starter, diskJobs } = this;
    return Host.open({ libraryPath, starter, diskJobStarter: diskJobs, version: '0', files });
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }

  /** The locks of a host that was killed are stale; in a test its process lives on. */
  async breakLocks(): Promise<void> {
    for (const folder of await readdir(this.root))
      await rm(path.join(this.root, folder, 'machine.lock'), { force: true });
  }

  folder(...names: string[]): string {
    return path.join(this.root, `${this.name}.annex`, ...names);
  }

  async tree(): Promise<SnapshotTree | undefined> {
    const bytes = await nodeFiles.read(this.folder('snapshots/tree.json'));
    return bytes && snapshotTreeSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  }

  /** The guest writes something nobody has written before. */
  async scribble(): Promise<void> {
    const { path: head, format } = await this.drive();
    const image = await this.image(head, format, false);
    const mark = ++this.marks;
    const bytes = new Uint8Array(512).fill(mark & 0xff);
    new DataView(bytes.buffer).setUint32(0, mark);
    await image.write((mark * MARK_STEP * 7) % this.diskBytes, [bytes]);
    await image.flush();
    await image.close();
  }

  /** Fills the whole disk with noise, so that copying it takes its time. */
  async fill(): Promise<void> {
    const { path: head, format } = await this.drive();
    const image = await this.image(head, format, false);
    for (let offset = 0; offset < this.diskBytes; offset += MARK_STEP)
      await image.write(offset, [randomBytes(MARK_STEP)]);
    await image.flush();
    await image.close();
  }

  /** What a disk of the machine reads as, as far as it reached at first; undefined if it has no such disk. */
  async present(driveId = 'disk0'): Promise<string | undefined> {
    const drive = (await this.drives()).find(({ id }) => id === driveId);
    return drive && this.contentOf(drive.path, drive.format);
  }

  /** Bytes the guest sees of a disk; undefined if the machine has no such disk. */
  async size(driveId = 'disk0'): Promise<number | undefined> {
    const drive = (await this.drives()).find(({ id }) => id === driveId);
    if (!drive) return undefined;
    const image = await this.image(drive.path, drive.format, true);
    await image.close();
    return image.size;
  }

  /** What each complete snapshot's disk reads as. */
  async contents(): Promise<Contents> {
    const tree = await this.tree();
    const found: Contents = new Map();
    for (const { id, disks, complete } of tree?.snapshots ?? []) {
      const layer = tree!.layers.find((candidate) => candidate.id === disks['disk0']);
      if (complete && layer) found.set(id, await this.contentOf(layer.path, layer.format));
    }
    return found;
  }

  /** Files nobody knows, in the machine's folder and in the library; temporaries of this process, which lives on, are its own. */
  async orphans(): Promise<string[]> {
    const tree = await this.tree();
    const drives = new Set((await this.drives()).map((drive) => drive.path));
    const own = new Set(['machine.json', 'state.json', 'machine.log', 'thumbnail.png', 'snapshots', 'machine.lock']);
    const bases = new Set(tree?.layers.map((layer) => layer.path));
    const known = new Set<string>(['layers', 'states', 'tree.json']);
    tree?.snapshots.forEach(({ id }) => known.add(id));
    const layers = new Set(tree?.layers.map(({ path: file }) => path.basename(file)));
    const states = new Set(tree?.states.map(({ name }) => name));
    return [
      ...(await nodeFiles.list(this.root)).filter((name) => name.startsWith('.creating-')),
      ...(await nodeFiles.list(this.folder())).filter((name) => {
        const lockOf = name.replace(/\.lock$/, '');
        return !own.has(name) && !drives.has(lockOf) && !bases.has(lockOf) && !name.includes(`.${process.pid}-`);
      }),
      ...(await nodeFiles.list(this.folder('snapshots'))).filter(
        (name) => !known.has(name) && !name.includes(`.${process.pid}-`),
      ),
      // A dead process's lock beside a layer is taken over by the next that needs it.
      ...(await nodeFiles.list(this.folder('snapshots/layers'))).filter(
        (name) => !layers.has(name.replace(/\.lock$/, '')),
      ),
      ...(await nodeFiles.list(this.folder('snapshots/states'))).filter((name) => !states.has(name)),
    ];
  }

  private async make(): Promise<void> {
    const host = await this.open();
    const newDisks = { disk0: { sizeBytes: this.diskBytes } };
    await host.command('machine.create', { draft: { name: this.name, memoryMiB: 16, drives: [DISK_DRIVE], newDisks } });
    await host.close();
  }

  private async drive(): Promise<Drive> {
    return (await this.drives())[0]!;
  }

  private async drives(): Promise<Drive[]> {
    const bytes = await nodeFiles.read(this.folder('machine.json'));
    const { drives } = JSON.parse(new TextDecoder().decode(bytes)) as { drives: Drive[] };
    return drives;
  }

  private async contentOf(file: string, format: string): Promise<string> {
    const image = await this.image(file, format, true);
    const parts: string[] = [];
    for (let offset = 0; offset < Math.min(image.size, this.diskBytes); offset += MARK_STEP) {
      const bytes = new Uint8Array(512);
      await image.read(offset, [bytes]);
      parts.push(String(new DataView(bytes.buffer).getUint32(0)));
    }
    await image.close();
    return parts.join(' ');
  }

  private async image(file: string, format: string, readonly: boolean): Promise<DiskImage> {
    const absolute = path.resolve(this.folder(), file);
    const tree = await this.tree();
    const bases = tree?.layers.map((layer) => path.resolve(this.folder(), layer.path));
    const ports = await imagePorts(absolute, bases ? { bases } : {});
    return openImage(format as 'raw' | 'qcow2', await openNodeFile(absolute, { readonly }), ports);
  }
}

interface Drive {
  readonly id: string;
  readonly path: string;
  readonly format: string;
}

/** Commands that may be refused or cut off at any point. */
export class Attempts {
  /** What the host said, in order. */
  readonly errors: AnnexError[] = [];

  async make<N extends CommandName>(
    host: Host,
    name: N,
    request: CommandRequest<N>,
  ): Promise<CommandReply<N> | undefined> {
    try {
      return await host.command(name, request);
    } catch (error) {
      if (!(error instanceof AnnexError)) throw error;
      this.errors.push(error);
      return undefined;
    }
  }
}
