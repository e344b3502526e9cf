import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Host } from '../main/host/host.js';
import { ForkStarter } from '../main/host/supervisor/fork-starter.js';
import type { SocketChannel } from '../main/node/socket-channel.js';
import { e2fsck, type FileSystemCheck } from './debian-disk.js';
import { DEBIAN_ROOT_PASSWORD, PARTITION_OFFSET, runTool } from './debian-image.js';
import type { Random } from './random.js';
import { SerialDialogue } from './serial-dialogue.js';

const BOOT_MS = 15 * 60_000;
const ANSWER_MS = 120_000;
/** Most snapshots at a time: beyond, some are deleted. */
const MAX_SNAPSHOTS = 8;

/** What the guest had at a snapshot. */
interface Memory {
  /** Of all files it was given. */
  readonly checksum: string;
  /** A variable of its shell, which only its RAM holds. */
  readonly mark: string;
}

/** A running Debian whose files are changed, saved, thrown away and compared at random. */
export class SnapshotSession {
  private readonly remembered = new Map<string, Memory>();
  private line!: SerialDialogue;
  private channel: SocketChannel | undefined;
  private steps = 0;
  private clones = 0;

  private constructor(
    private readonly host: Host,
    private readonly id: string,
  ) {}

  /** Boots a copy of the disk and logs in. */
  static async start(libraryPath: string, disk: string): Promise<SnapshotSession> {
    const host = await Host.open({
      libraryPath,
      starter: new ForkStarter(path.resolve('out/main/vmhost.js')),
      diskJobStarter: new ForkStarter(path.resolve('out/main/disk-job.js')),
      version: 'test',
    });
    const { id: media } = await host.command('media.add', { path: disk });
    const slot = { bus: 'ide', channel: 0, unit: 0 } as const;
    const drives = [{ id: 'disk0', kind: 'disk' as const, slot, path: 'chosen' }];
    const draft = { name: 'Debian', memoryMiB: 256, drives, media: { disk0: media } };
    const { id } = (await host.command('machine.create', { draft })).config;
    const session = new SnapshotSession(host, id);
    await host.command('machine.start', { id });
    await session.connect();
    await session.logIn();
    return session;
  }

  async close(): Promise<void> {
    await this.host.close();
  }

  /** Does something at random and checks what can be checked. @returns what it was */
  async step(random: Random): Promise<string> {
    this.steps++;
    const { snapshots } = await this.host.command('snapshot.tree', { id: this.id });
    const choice = random.below(10);
    if (snapshots.length === 0 || (choice < 4 && snapshots.length < MAX_SNAPSHOTS)) return this.change(random);
    const { id: snapshotId, name } = random.pick(snapshots);
    if (choice < 7) return this.revert(snapshotId, name);
    if (choice < 9 || snapshots.length >= MAX_SNAPSHOTS) return this.delete(snapshotId, name);
    return this.clone(snapshotId, name, random.below(2) === 0 ? 'linked' : 'full');
  }

  /** Shuts the guest down; the disk must be clean, and every snapshot's after its journal is replayed. */
  async finalCheck(): Promise<FileSystemCheck> {
    this.line.say('poweroff');
    const deadline = Date.now() + ANSWER_MS;
    while (this.host.running.includes(this.id) && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 500));
    const { snapshots } = await this.host.command('snapshot.tree', { id: this.id });
    for (const { id } of snapshots) await this.checkClone(id, 'linked');
    const { disks } = await this.host.command('disk.list', { id: this.id });
    const { path: folder, config } = await this.host.command('machine.get', { id: this.id });
    const head = path.resolve(folder, config.drives[0]!.path!);
    return checkImage(head, disks[0]!.format, false);
  }

  private async change(random: Random): Promise<string> {
    const name = `s${this.steps}`;
    const kib = 64 + random.below(4000);
    const sync = random.below(2) === 0 ? 'sync' : 'true';
    const old = `ls /data | sort -R --random-source=/etc/passwd | head -n ${random.below(3)} | sed s,^,/data/, | xargs -r rm -f`;
    await this.ask(`head -c ${kib}K /dev/urandom > /data/${name}; ${old}; MARK=${name}; ${sync}`);
    const memory = { checksum: await this.checksum(), mark: name };
    const { id } = await this.host.command('snapshot.take', { id: this.id, name });
    this.remembered.set(id, memory);
    return `changed and took ${name}`;
  }

  private async revert(snapshotId: string, name: string): Promise<string> {
    await this.host.command('snapshot.revert', { id: this.id, snapshotId });
    await this.connect();
    // The saved shell stands at its prompt and says nothing by itself.
    const expected = this.remembered.get(snapshotId)!;
    const mark = await this.ask('echo mark=$MARK');
    // What the guest has cached does not count: its disk must have it.
    await this.ask('echo 3 > /proc/sys/vm/drop_caches');
    const checksum = await this.checksum();
    if (!mark.includes(`mark=${expected.mark}`) || checksum !== expected.checksum)
      throw new Error(`after reverting to ${name} the guest had ${mark} and ${checksum}, not ${expected.checksum}`);
    return `reverted to ${name}`;
  }

  private async delete(snapshotId: string, name: string): Promise<string> {
    const before = await this.checksum();
    const { pendingMerges } = await this.host.command('snapshot.delete', { id: this.id, snapshotId });
    this.remembered.delete(snapshotId);
    await this.ask('echo 3 > /proc/sys/vm/drop_caches');
    if ((await this.checksum()) !== before) throw new Error(`deleting ${name} changed the guest's files`);
    return `deleted ${name}, ${pendingMerges} merges left`;
  }

  private async clone(snapshotId: string, name: string, kind: 'full' | 'linked'): Promise<string> {
    await this.checkClone(snapshotId, kind);
    return `made a ${kind} clone of ${name}, checked and deleted it`;
  }

  /** A clone's file system must be clean once its journal has been replayed. */
  private async checkClone(snapshotId: string, kind: 'full' | 'linked'): Promise<void> {
    const name = `Clone ${++this.clones}`;
    const clone = await this.host.command('machine.clone', { id: this.id, name, kind, snapshotId });
    const { code, output } = await checkImage(clone.drives[0]!.mediumPath!, 'qcow2', true);
    if (code !== 0) throw new Error(`a clone's file system is damaged: ${output}`);
    const { id } = clone.config;
    await this.host.command('machine.delete', { id });
  }

  private async connect(): Promise<void> {
    this.channel?.close();
    const channel = await this.host.openChannel(this.id, 'serial1');
    const decoder = new TextDecoder();
    this.line = new SerialDialogue((text) => channel.send(new TextEncoder().encode(text)));
    channel.onMessage((bytes) => this.line.receive(decoder.decode(bytes, { stream: true })));
    this.channel = channel;
  }

  private async logIn(): Promise<void> {
    await this.line.expect(/annex-guest login: /, BOOT_MS);
    this.line.say('root');
    await this.line.expect(/Password: /, ANSWER_MS);
    this.line.say(DEBIAN_ROOT_PASSWORD);
    await this.line.expect(/root@annex-guest:~# /, ANSWER_MS);
    await this.ask('mkdir -p /data; dmesg -n 1');
  }

  /** Runs a command in the guest. @returns what it printed */
  private async ask(command: string): Promise<string> {
    const from = this.line.transcript.length;
    // What is typed comes back as an echo; only the shell's answer has the sum.
    this.line.say(`${command}; echo end-$((40 + 2))`);
    await this.line.expect(/end-42/, ANSWER_MS);
    return this.line.transcript.slice(from);
  }

  private async checksum(): Promise<string> {
    const said = await this.ask('find /data -type f | sort | xargs -r sha256sum | sha256sum');
    return /[0-9a-f]{64}/.exec(said)![0];
  }
}

/**
 * Runs e2fsck on a copy of an image's file system.
 * @param replay whether the guest was running, so that its journal is to be replayed
 */
async function checkImage(image: string, format: string, replay: boolean): Promise<FileSystemCheck> {
  const folder = await mkdtemp(path.join(tmpdir(), 'annex-fsck-'));
  try {
    const disk = path.join(folder, 'disk.raw');
    const partition = path.join(folder, 'partition.raw');
    await runTool('qemu-img', ['convert', '-U', '-f', format, '-O', 'raw', image, disk]);
    // In a file of its own: e2fsck forgets an offset when it opens the file system again after the replay.
    const cut = [`if=${disk}`, `of=${partition}`, `bs=${PARTITION_OFFSET}`, 'skip=1', 'conv=sparse', 'status=none'];
    await runTool('dd', cut);
    const replayed = replay ? await e2fsck(['-p', partition]) : { code: 0, output: '' };
    // Exit code 1: errors were corrected, as a journal's replay counts.
    return replayed.code > 1 ? replayed : await e2fsck(['-f', '-n', partition]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
