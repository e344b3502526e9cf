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
/** Where a content leaves its mark, in bytes. */
const MARK_STEP = 64 << 10;

/** What must be found again whatever happens: what each snapshot's disk holds, by snapshot id. */
export type Contents = Map<string, string>;

/** A library with one machine in it, and hosts that come and go. */
export class CrashSite {
  private marks = 0;

  private constructor(
    readonly root: string,
    private readonly starter: ProcessStarter,
    private readonly diskJobs: ProcessStarter,
  ) {}

  static async create(starter: ProcessStarter, diskJobs: ProcessStarter): Promise<CrashSite> {
    const site = new CrashSite(await mkdtemp(path.join(tmpdir(), 'annex-crash-')), starter, diskJobs);
    // What is deleted goes to a trash of the test's own.
    process.env['XDG_DATA_HOME'] = path.join(site.root, '.data');
    const host = await site.open();
    const slot = { bus: 'ide', channel: 0, unit: 0 } as const;
    const drives = [{ id: 'disk0', kind: 'disk' as const, slot, path: 'new' }];
    const newDisks = { disk0: { sizeBytes: DISK_BYTES } };
    await host.command('machine.create', { draft: { name: 'Test', memoryMiB: 16, drives, newDisks } });
    await host.close();
    return site;
  }

  /** The same library in another place. */
  async copy(): Promise<CrashSite> {
    const other = new CrashSite(await mkdtemp(path.join(tmpdir(), 'annex-crash-')), this.starter, this.diskJobs);
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
    return path.join(this.root, 'Test.annex', ...names);
  }

  async tree(): Promise<SnapshotTree | undefined> {
    const bytes = await nodeFiles.read(this.folder('snapshots/tree.json'));
    return bytes && snapshotTreeSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  }

  /** The guest writes something nobody has written before. */
  async scribble(): Promise<void> {
    const { path: head, format } = await this.head();
    const image = await this.image(head, format, false);
    const mark = ++this.marks;
    const bytes = new Uint8Array(512).fill(mark & 0xff);
    new DataView(bytes.buffer).setUint32(0, mark);
    await image.write((mark * MARK_STEP * 7) % DISK_BYTES, [bytes]);
    await image.flush();
    await image.close();
  }

  /** What the machine's disk reads as. */
  async present(): Promise<string> {
    const { path: head, format } = await this.head();
    return this.contentOf(head, format);
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

  /** Files in the folder of snapshots that the tree does not know; temporaries of this process, which lives on, are its own. */
  async orphans(): Promise<string[]> {
    const tree = await this.tree();
    const known = new Set<string>(['layers', 'states', 'tree.json']);
    tree?.snapshots.forEach(({ id }) => known.add(id));
    const layers = new Set(tree?.layers.map(({ path: file }) => path.basename(file)));
    const states = new Set(tree?.states.map(({ name }) => name));
    return [
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

  private async head(): Promise<{ path: string; format: string }> {
    const bytes = await nodeFiles.read(this.folder('machine.json'));
    const { drives } = JSON.parse(new TextDecoder().decode(bytes)) as { drives: { path: string; format: string }[] };
    return drives[0]!;
  }

  private async contentOf(file: string, format: string): Promise<string> {
    const image = await this.image(file, format, true);
    const parts: string[] = [];
    for (let offset = 0; offset < image.size; offset += MARK_STEP) {
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

/** A command that may be cut off at any point: what the host says then does not matter. */
export async function attempt<N extends CommandName>(
  host: Host,
  name: N,
  request: CommandRequest<N>,
): Promise<CommandReply<N> | undefined> {
  try {
    return await host.command(name, request);
  } catch (error) {
    if (error instanceof AnnexError) return undefined;
    throw error;
  }
}
