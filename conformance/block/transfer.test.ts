import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Host } from '../../src/main/host/host.js';
import type { HostEvent, JobView } from '../../src/shared/contract/events.js';
import type { MachineView } from '../../src/shared/contract/machine-view.js';
import { toolMissing } from '../../src/testing/debian-packages.js';
import { FakeVmStarter } from '../../src/testing/fake-vm-starter.js';
import { InProcessDiskJobStarter } from '../../src/testing/in-process-disk-jobs.js';
import { patternBytes } from '../../src/testing/storage/ide-rig.js';

const run = promisify(execFile);
const missing = toolMissing('qemu-img');
const MIB = 1 << 20;

let root: string;
let host: Host;
let jobs: JobView[];
/** Where machines of other programs are. */
let foreign: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'annex-transfer-'));
  foreign = path.join(root, 'foreign');
  await mkdir(foreign);
  const libraryPath = path.join(root, 'library');
  const diskJobStarter = new InProcessDiskJobStarter();
  host = await Host.open({ libraryPath, starter: new FakeVmStarter(), diskJobStarter, version: '0' });
  jobs = [];
  host.onEvent((event: HostEvent) => event.type === 'job' && jobs.push(event.job));
});
afterEach(async () => {
  await host.close();
  await rm(root, { recursive: true, force: true });
});

const content = (): Buffer => {
  const bytes = Buffer.alloc(5 * MIB);
  bytes.set(patternBytes(MIB), 2 * MIB);
  return bytes;
};

/** A disk with that content, in a format of another program. */
async function makeDisk(name: string, format: string, options?: string): Promise<void> {
  await writeFile(path.join(root, 'source.raw'), content());
  const more = options === undefined ? [] : ['-o', options];
  await run('qemu-img', ['convert', '-f', 'raw', '-O', format, ...more, path.join(root, 'source.raw'), path.join(foreign, name)]); // prettier-ignore
}

const ovf = (disk: string) => `<?xml version="1.0"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
<References><File ovf:id="f" ovf:href="${disk}"/></References>
<DiskSection><Info/><Disk ovf:diskId="d" ovf:capacity="5242880" ovf:fileRef="f"/></DiskSection>
<VirtualSystem ovf:id="web"><Info/><Name>Web</Name>
<OperatingSystemSection ovf:id="96"><Info/><Description>Debian 12</Description></OperatingSystemSection>
<VirtualHardwareSection><Info/>
<Item><rasd:ElementName>m</rasd:ElementName><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>256</rasd:VirtualQuantity></Item>
<Item><rasd:ElementName>d</rasd:ElementName><rasd:HostResource>ovf:/disk/d</rasd:HostResource><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>17</rasd:ResourceType></Item>
</VirtualHardwareSection></VirtualSystem></Envelope>`;

const sha256 = async (name: string) => createHash('sha256').update(await readFile(path.join(foreign, name))).digest('hex'); // prettier-ignore

async function importMachine(name: string): Promise<MachineView> {
  const medium = await host.command('media.add', { path: path.join(foreign, name) });
  return (await host.command('machine.import', { mediaId: medium.id })).machine;
}

async function machineFolder({ config }: MachineView): Promise<string> {
  const [folder] = (await readdir(path.join(root, 'library'))).filter((entry) => entry === `${config.name}.annex`);
  return path.join(root, 'library', folder!);
}

async function expectImported(machine: MachineView): Promise<void> {
  const folder = await machineFolder(machine);
  await writeFile(path.join(root, 'model.raw'), content());
  await run('qemu-img', ['compare', '-f', 'qcow2', '-F', 'raw', path.join(folder, 'disk0.qcow2'), path.join(root, 'model.raw')]); // prettier-ignore
  expect((await readdir(folder)).sort()).toEqual(['disk0.qcow2', 'machine.json']);
}

async function expectRefused(name: string, message: RegExp): Promise<void> {
  await expect(importMachine(name)).rejects.toMatchObject({ name: 'AnnexError', message });
  const left = (await readdir(path.join(root, 'library'))).filter((entry) => entry !== '.host');
  expect(left).toEqual([]);
}

describe.skipIf(missing)(`machines of other programs${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('imports an OVA archive with a manifest', async () => {
    await makeDisk('disk.vmdk', 'vmdk', 'subformat=streamOptimized');
    await writeFile(path.join(foreign, 'web.ovf'), ovf('disk.vmdk'));
    await writeFile(path.join(foreign, 'web.mf'), `SHA256(web.ovf)= ${await sha256('web.ovf')}\nSHA256(disk.vmdk)= ${await sha256('disk.vmdk')}\n`); // prettier-ignore
    await run('tar', ['--format=ustar', '-cf', 'web.ova', 'web.ovf', 'web.mf', 'disk.vmdk'], { cwd: foreign });
    const machine = await importMachine('web.ova');
    expect(machine.config).toMatchObject({ name: 'Web', memoryMiB: 256, guestOs: 'debian' });
    await expectImported(machine);
    expect(jobs.at(-1)).toMatchObject({ kind: 'import', state: 'done' });
    expect((await importMachine('web.ova')).config.name).toBe('Web 2');
  });

  it('refuses an archive whose disk is not what its manifest says, and leaves nothing', async () => {
    await makeDisk('disk.vmdk', 'vmdk', 'subformat=streamOptimized');
    await writeFile(path.join(foreign, 'web.ovf'), ovf('disk.vmdk'));
    await writeFile(path.join(foreign, 'web.mf'), `SHA256(disk.vmdk)= ${'0'.repeat(64)}\n`);
    await run('tar', ['--format=ustar', '-cf', 'web.ova', 'web.ovf', 'web.mf', 'disk.vmdk'], { cwd: foreign });
    await expectRefused('web.ova', /manifest/);
    await expectRefused('web.ovf', /manifest/);
  });

  it('imports a VMware folder with a disk in several files', async () => {
    await makeDisk('disk.vmdk', 'vmdk', 'subformat=twoGbMaxExtentSparse');
    await writeFile(path.join(foreign, 'old.vmx'), 'config.version = "8"\ndisplayName = "Old"\nmemsize = "128"\nide0:0.present = "TRUE"\nide0:0.fileName = "disk.vmdk"\n'); // prettier-ignore
    await expectImported(await importMachine('old.vmx'));
  });

  it('imports a VirtualBox machine', async () => {
    await makeDisk('box.vdi', 'vdi');
    const vbox = `<?xml version="1.0"?><VirtualBox xmlns="http://www.virtualbox.org/"><Machine name="Box" OSType="Debian_64">
      <MediaRegistry><HardDisks><HardDisk uuid="{a}" location="box.vdi" format="VDI"/></HardDisks></MediaRegistry>
      <Hardware><Memory RAMSize="128"/><StorageControllers><StorageController><AttachedDevice type="HardDisk"><Image uuid="{a}"/></AttachedDevice></StorageController></StorageControllers></Hardware>
      </Machine></VirtualBox>`;
    await writeFile(path.join(foreign, 'Box.vbox'), vbox);
    await expectImported(await importMachine('Box.vbox'));
  });

  it.each([['vhdx'], ['vpc'], ['qcow2'], ['raw']])('imports a bare %s disk', async (format) => {
    const options = format === 'vpc' ? 'force_size=on,subformat=fixed' : undefined;
    await makeDisk('Server disk.img', format, options);
    const machine = await importMachine('Server disk.img');
    expect(machine.config.name).toBe('Server disk');
    await expectImported(machine);
  });

  it('refuses disks outside the folder of the description, also through links', async () => {
    await writeFile(path.join(root, 'secret.raw'), content());
    for (const name of ['../secret.raw', path.join(root, 'secret.raw')]) {
      await writeFile(path.join(foreign, 'x.ovf'), ovf(name));
      await expectRefused('x.ovf', /outside/);
    }
    await symlink('../secret.raw', path.join(foreign, 'disk.vmdk'));
    await writeFile(path.join(foreign, 'x.ovf'), ovf('disk.vmdk'));
    await expectRefused('x.ovf', /outside/);
  });

  it('refuses damaged disks and descriptions that are none', async () => {
    await makeDisk('disk.vmdk', 'vmdk', 'subformat=streamOptimized');
    const bytes = await readFile(path.join(foreign, 'disk.vmdk'));
    await writeFile(path.join(foreign, 'disk.vmdk'), bytes.subarray(0, bytes.length / 2));
    await writeFile(path.join(foreign, 'x.ovf'), ovf('disk.vmdk'));
    await expectRefused('x.ovf', /./);
    await writeFile(path.join(foreign, 'x.ovf'), '<Envelope');
    await expectRefused('x.ovf', /cannot be read/);
    await writeFile(path.join(foreign, 'notes.txt'), 'hello');
    await expectRefused('notes.txt', /neither a machine nor a disk/);
  });

  it('exports an archive that other programs read and we import again', async () => {
    await makeDisk('disk.img', 'qcow2');
    const { config } = await importMachine('disk.img');
    const target = path.join(root, 'out', 'made here.ova');
    // No process has this number: what an export that was killed has left.
    await mkdir(path.join(path.dirname(target), '.annex-export-2147483646-0badcafe'), { recursive: true });
    await host.command('machine.export', { id: config.id, path: target });
    expect(await readdir(path.dirname(target))).toEqual(['made here.ova']);
    expect(jobs.at(-1)).toMatchObject({ kind: 'export', state: 'done', machineId: config.id });
    await run('tar', ['-xf', target, '-C', foreign]);
    expect((await run('tar', ['-tf', target])).stdout.split('\n')).toEqual(['disk.ovf', 'disk.mf', 'disk-disk1.vmdk', '']);
    const manifest = await readFile(path.join(foreign, 'disk.mf'), 'utf8');
    expect(manifest).toBe(`SHA256(disk.ovf)= ${await sha256('disk.ovf')}\nSHA256(disk-disk1.vmdk)= ${await sha256('disk-disk1.vmdk')}\n`);
    await writeFile(path.join(root, 'model.raw'), content());
    await run('qemu-img', ['compare', '-f', 'vmdk', '-F', 'raw', path.join(foreign, 'disk-disk1.vmdk'), path.join(root, 'model.raw')]);
    await run('cp', [target, path.join(foreign, 'again.ova')]);
    const again = await importMachine('again.ova');
    expect(again.config).toMatchObject({ name: 'disk 2', memoryMiB: config.memoryMiB });
    await expectImported(again);
    await expect(host.command('machine.export', { id: config.id, path: target })).rejects.toMatchObject({ code: 'file-exists' });
    await expect(host.command('machine.export', { id: config.id, path: 'relative.ova' })).rejects.toMatchObject({ code: 'bad-request' });
    const nowhere = host.command('machine.export', { id: config.id, path: '/proc/x.ova' });
    await expect(nowhere).rejects.toMatchObject({ code: 'no-permission', details: { name: '/proc' } });
    const gone = host.command('machine.export', { id: config.id, path: path.join(root, 'none', 'x.ova') });
    await expect(gone).rejects.toMatchObject({ code: 'media-not-found', details: { name: path.join(root, 'none') } });
  }); // prettier-ignore

  const noV2v = toolMissing('virt-v2v');
  it.skipIf(noV2v)(`exports what virt-v2v takes for a VMware machine${noV2v ? ` (skipped: ${noV2v})` : ''}`, async () => {
    await makeDisk('disk.img', 'qcow2');
    const { config } = await importMachine('disk.img');
    const target = path.join(root, 'made.ova');
    await host.command('machine.export', { id: config.id, path: target });
    // It checks the manifest, reads the descriptor and looks at the disk, then says what it found.
    const { stdout } = await run('virt-v2v', ['-i', 'ova', target, '--print-source'], { timeout: 60_000 });
    expect(stdout).toMatch(/source name: disk$/m);
    expect(stdout).toContain(`memory: ${config.memoryMiB * MIB} (bytes)`);
    expect(stdout).toMatch(/^\s*firmware: bios$/m);
    expect(stdout).toMatch(/^disks:\n\s*0 \[ide\]$/m);
  }); // prettier-ignore

  it('leaves nothing of an import or export that is cancelled', async () => {
    await makeDisk('disk.img', 'qcow2');
    const { config } = await importMachine('disk.img');
    const cancelFirst = host.onEvent((event) => {
      if (event.type === 'job' && event.job.state === 'running')
        void host.command('job.cancel', { jobId: event.job.id });
    });
    const target = path.join(root, 'out.ova');
    await expect(host.command('machine.export', { id: config.id, path: target })).rejects.toMatchObject({ code: 'cancelled' }); // prettier-ignore
    await expect(importMachine('disk.img')).rejects.toMatchObject({ code: 'cancelled' });
    cancelFirst();
    expect((await readdir(root)).sort()).toEqual(['foreign', 'library', 'source.raw']);
    expect((await readdir(path.join(root, 'library'))).sort()).toEqual(['.host', 'disk.annex']);
  });
});
