import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Host } from '../../src/main/host/host.js';
import { imagePorts, openImageFile } from '../../src/main/vmhost/files/image-ports.js';
import { runDiskJob } from '../../src/main/vmhost/disk-jobs/run-disk-job.js';
import type { ImageFormat } from '../../src/main/vmm/block/formats/format-driver.js';
import { BASE_PAGE } from '../../src/main/vmm/snapshot/page-index.js';
import type { DiskJobRequest, ImageRef } from '../../src/shared/disk-jobs/protocol.js';
import { FakeVmStarter } from '../../src/testing/fake-vm-starter.js';
import { InProcessDiskJobStarter } from '../../src/testing/in-process-disk-jobs.js';
import { Random } from '../../src/testing/random.js';
import { refusedCalls, type RefusalCode } from '../../src/testing/refused-calls.js';
import { pageOf, stateFile } from '../../src/testing/state-files.js';
import { patternBytes } from '../../src/testing/storage/ide-rig.js';

vi.mock('node:fs', async (original) => {
  const { refusingFs } = await import('../../src/testing/refused-calls.js');
  return refusingFs(await original());
});
vi.mock('node:fs/promises', async (original) => {
  const { refusingPromises } = await import('../../src/testing/refused-calls.js');
  return refusingPromises(await original());
});

/** How many changes of a file are refused in each piece of work, at random; `all` for each of them. */
const POINTS = process.env['CRASH_POINTS'] === 'all' ? Infinity : Number(process.env['CRASH_POINTS'] ?? 2);
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 2 ** 31);
const HOUR = 3_600_000;
const MIB = 1 << 20;
const SIZE = 2 * MIB;
const CODES: Readonly<Record<RefusalCode, string>> = { ENOSPC: 'no-space', EACCES: 'no-permission', EIO: 'io-error' };
const untilTheEnd = { checkpoint: () => {}, progress: () => {} };

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'annex-refused-'));
});
afterEach(async () => {
  refusedCalls.disarm();
  await rm(root, { recursive: true, force: true });
});

const file = (name: string): string => path.join(root, name);
const ref = (name: string, format: ImageFormat = 'qcow2'): ImageRef => ({ path: file(name), format, bases: null });
const job = (request: DiskJobRequest): Promise<unknown> => runDiskJob(request, untilTheEnd);

async function create(name: string, format: ImageFormat, backing: string | null = null): Promise<void> {
  const base = backing === null ? null : ({ name: backing, format: 'qcow2' } as const);
  const size = backing === null ? SIZE : null;
  await job({ job: 'create', path: file(name), format, layout: 'sparse', size, clusterBytes: null, backing: base, bases: null });
} // prettier-ignore

async function write(name: string, format: ImageFormat, offset: number, bytes: Uint8Array): Promise<void> {
  const image = await openImageFile(file(name), format, false, await imagePorts(file(name)));
  await image.write(offset, [bytes]);
  await image.close();
}

/** What a disk reads as, up to where it ended at first. */
async function content(name: string, format: ImageFormat = 'qcow2'): Promise<string> {
  const image = await openImageFile(file(name), format, true, await imagePorts(file(name)));
  const bytes = Buffer.alloc(SIZE);
  await image.read(0, [bytes]);
  await image.close();
  return bytes.toString('base64');
}

/** A disk with some data, in any format. */
async function disk(name: string, format: ImageFormat): Promise<void> {
  await create(name, format);
  await write(name, format, 100 * 512, patternBytes(300_000));
}

/** Three layers with something of each to be seen. */
async function chain(): Promise<void> {
  await disk('base', 'qcow2');
  await create('layer', 'qcow2', 'base');
  await write('layer', 'qcow2', 200 * 512, patternBytes(200_000).map((byte) => byte ^ 1));
  await create('child', 'qcow2', 'layer');
  await write('child', 'qcow2', 0, patternBytes(200_000).map((byte) => byte ^ 2));
} // prettier-ignore

async function states(): Promise<void> {
  const id = '00000000-0000-4000-8000-00000000000a';
  const pages = 256;
  const pagesOf = (seed: number) => new Map(Array.from({ length: 128 }, (_, i) => [2 * i, pageOf(seed + i)]));
  await writeFile(file('base'), stateFile({ pages, id, content: pagesOf(1) }));
  await writeFile(file('upper'), stateFile({ pages, base: id, known: BASE_PAGE, content: new Map([[1, pageOf(9)]]) }));
}

/** A job, what it works on, and what must read the same after it and after any part of it. */
interface Work {
  readonly title: string;
  prepare(): Promise<void>;
  readonly request: () => DiskJobRequest;
  /** Nothing: the file the job makes must not be there. */
  readonly kept?: () => Promise<string>;
  /** Files that may be new when the job was not refused. */
  readonly makes?: string;
}

const FORMATS = ['raw', 'qcow2', 'vmdk', 'vdi', 'vhd', 'vhdx'] as const;
const WORK: readonly Work[] = [
  ...FORMATS.filter((format) => format !== 'raw').map((format): Work => ({ title: `create ${format}`, prepare: () => Promise.resolve(), request: () => ({ job: 'create', path: file('new'), format, layout: 'sparse', size: SIZE, clusterBytes: null, backing: null, bases: null }), makes: 'new' })),
  ...FORMATS.map((format): Work => ({ title: `convert to ${format}`, prepare: () => disk('disk', 'qcow2'), request: () => ({ job: 'convert', source: ref('disk'), path: file('new'), format, layout: 'sparse' }), kept: () => content('disk'), makes: 'new' })),
  { title: 'convert to a compressed vmdk', prepare: () => disk('disk', 'qcow2'), request: () => ({ job: 'convert', source: ref('disk'), path: file('new'), format: 'vmdk', layout: 'compressed' }), kept: () => content('disk'), makes: 'new' },
  ...FORMATS.map((format): Work => ({ title: `resize ${format}`, prepare: () => disk('disk', format), request: () => ({ job: 'resize', image: ref('disk', format), size: 4 * SIZE, allowShrink: false }), kept: () => content('disk', format) })),
  ...FORMATS.filter((format) => format !== 'raw').map((format): Work => ({ title: `compact ${format}`, prepare: () => disk('disk', format), request: () => ({ job: 'compact', image: ref('disk', format) }), kept: () => content('disk', format) })),
  { title: 'check and repair', prepare: () => disk('disk', 'qcow2'), request: () => ({ job: 'check', image: ref('disk'), repair: 'all' }), kept: () => content('disk') },
  { title: 'merge up', prepare: chain, request: () => ({ job: 'merge-up', child: ref('child'), layer: file('layer') }), kept: () => content('child') },
  { title: 'merge down', prepare: chain, request: () => ({ job: 'merge-down', child: ref('child'), layer: file('layer') }), kept: () => content('child') },
  { title: 'rebase', prepare: chain, request: () => ({ job: 'rebase', image: ref('child'), backing: { name: './layer', format: 'qcow2' } }), kept: () => content('child') },
  { title: 'merge saved states', prepare: states, request: () => ({ job: 'merge-state', state: file('upper'), base: file('base') }) },
]; // prettier-ignore

/** Steps to refuse, the same for the same seed. */
function pick(steps: number): number[] {
  const random = new Random(SEED);
  const all = Array.from({ length: steps }, (_, i) => ({ at: i + 1, order: random.word() }));
  return all.sort((a, b) => a.order - b.order).slice(0, POINTS).map(({ at }) => at);
} // prettier-ignore

describe.each(WORK)('$title', ({ prepare, request, kept, makes }) => {
  it(
    `leaves what was there when it is refused (seed ${SEED})`,
    async () => {
      await prepare();
      refusedCalls.arm(Infinity, 'EIO');
      await job(request());
      for (const at of pick(refusedCalls.steps))
        for (const code of Object.keys(CODES) as RefusalCode[]) {
          for (const name of await readdir(root)) await rm(file(name));
          await prepare();
          const before = { names: await readdir(root), content: await kept?.() };
          refusedCalls.arm(at, code);
          const failure = await job(request()).then(
            () => undefined,
            (error: unknown) => error,
          );
          refusedCalls.disarm();
          const what = `change ${at} refused with ${code}`;
          if (failure) expect(failure, what).toMatchObject({ name: 'AnnexError', code: CODES[code] });
          // What was durable before the last word was refused may stay.
          const names = (await readdir(root)).filter((name) => name !== makes);
          expect(names.sort(), what).toEqual(before.names.sort());
          expect(await kept?.(), what).toBe(before.content);
          if (makes !== undefined) await rm(file(makes), { force: true });
          await job(request());
          expect(await kept?.(), `${what}, done again`).toBe(before.content);
        }
    },
    HOUR,
  );
});

describe('machines of other programs', () => {
  const OVF = `<?xml version="1.0"?><Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
<References><File ovf:id="f" ovf:href="disk.vmdk"/></References><DiskSection><Disk ovf:diskId="d" ovf:capacity="1" ovf:fileRef="f"/></DiskSection>
<VirtualSystem ovf:id="web"><Name>Web</Name><VirtualHardwareSection><Item><rasd:HostResource>/disk/d</rasd:HostResource><rasd:ResourceType>17</rasd:ResourceType></Item></VirtualHardwareSection></VirtualSystem></Envelope>`;
  const VMX = 'config.version = "8"\ndisplayName = "Web"\nide0:0.fileName = "disk.vmdk"\n';
  const VBOX = `<?xml version="1.0"?><VirtualBox><Machine name="Web"><MediaRegistry><HardDisks><HardDisk uuid="{a}" location="disk.vmdk"/></HardDisks></MediaRegistry>
<Hardware><StorageControllers><AttachedDevice type="HardDisk"><Image uuid="{a}"/></AttachedDevice></StorageControllers></Hardware></Machine></VirtualBox>`;

  let host: Host;
  afterEach(() => host.close());

  const library = async (): Promise<string[]> =>
    (await readdir(file('library'))).filter((name) => name !== '.host').sort();

  async function open(): Promise<void> {
    await mkdir(file('foreign'));
    await mkdir(file('out'));
    const diskJobStarter = new InProcessDiskJobStarter();
    host = await Host.open({
      libraryPath: file('library'),
      starter: new FakeVmStarter(),
      diskJobStarter,
      version: '0',
    });
    await disk('foreign/disk.vmdk', 'vmdk');
    await writeFile(file('foreign/web.ovf'), OVF);
    await writeFile(file('foreign/web.vmx'), VMX);
    await writeFile(file('foreign/web.vbox'), VBOX);
  }

  async function importFrom(name: string): Promise<string> {
    const medium = await host.command('media.add', { path: file(`foreign/${name}`) });
    return (await host.command('machine.import', { mediaId: medium.id })).machine.config.id;
  }

  /** Does it once to count, then with refusals, and says what is wrong besides. */
  async function refuse(work: () => Promise<unknown>, check: () => Promise<void>, undo: () => Promise<void>): Promise<void> {
    refusedCalls.arm(Infinity, 'EIO');
    await work();
    const { steps } = refusedCalls;
    await undo();
    for (const at of pick(steps))
      for (const code of Object.keys(CODES) as RefusalCode[]) {
        refusedCalls.arm(at, code);
        const failure = await work().then(() => undefined, (error: unknown) => error);
        refusedCalls.disarm();
        if (failure) {
          expect(failure, `change ${at}`).toMatchObject({ name: 'AnnexError', code: CODES[code] });
          await check();
        } else await undo();
      }
  } // prettier-ignore

  it.each(['web.ova', 'web.ovf', 'web.vmx', 'web.vbox'])(
    `leave no machine when the import of %s is refused (seed ${SEED})`,
    async (name) => {
      await open();
      if (name === 'web.ova') {
        const id = await importFrom('web.vmx');
        await host.command('machine.export', { id, path: file('foreign/web.ova') });
        await host.command('machine.delete', { id });
      }
      const medium = await host.command('media.add', { path: file(`foreign/${name}`) });
      let id: string | undefined;
      const work = async () => {
        id = (await host.command('machine.import', { mediaId: medium.id })).machine.config.id;
      };
      const check = async () => {
        expect(await library()).toEqual([]);
        expect((await host.command('library.list', {})).machines).toEqual([]);
      };
      await refuse(work, check, async () => void (await host.command('machine.delete', { id: id! })));
    },
    HOUR,
  );

  it(
    `leave no archive when the export is refused, and are as they were (seed ${SEED})`,
    async () => {
      await open();
      const id = await importFrom('web.vmx');
      const disk0 = file('library/Web.annex/disk0.qcow2');
      const before = { library: await library(), disk: await readFile(disk0) };
      const work = () => host.command('machine.export', { id, path: file('out/web.ova') });
      const check = async () => {
        expect(await readdir(file('out'))).toEqual([]);
        expect(await library()).toEqual(before.library);
        expect((await readFile(disk0)).equals(before.disk)).toBe(true);
      };
      await refuse(work, check, () => rm(file('out/web.ova')));
    },
    HOUR,
  );
});
