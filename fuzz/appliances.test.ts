import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAppliance, type Appliance } from '../src/main/host/transfer/appliance.js';
import { draftOf } from '../src/main/host/transfer/foreign-machine.js';
import { parseManifest } from '../src/main/host/transfer/manifest.js';
import { encodeTarHeader, readTar, TAR_END, tarPadding } from '../src/main/host/transfer/tar.js';
import { AnnexError } from '../src/shared/contract/errors.js';
import { machineConfigSchema } from '../src/shared/config/machine-config.js';
import { Random } from '../src/testing/random.js';

/** `FUZZ_SEED` repeats a run; `FUZZ_RUNS` makes it longer. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20240607);
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 300);
/** A machine for which the outside world is one folder. */
const SECRET = 'nobody asked for this';

const OVF = `<?xml version="1.0"?><Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
<References><File ovf:id="f" ovf:href="disk.vmdk" ovf:compression="identity"/></References>
<DiskSection><Disk ovf:diskId="d" ovf:capacity="5" ovf:capacityAllocationUnits="byte * 2^20" ovf:fileRef="f"/><Disk ovf:diskId="e" ovf:capacity="3"/></DiskSection>
<VirtualSystem ovf:id="web"><Name>Web</Name><VirtualHardwareSection>
<Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>256</rasd:VirtualQuantity></Item>
<Item><rasd:HostResource>ovf:/disk/d</rasd:HostResource><rasd:Parent>1</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>
<Item><rasd:HostResource>/disk/e</rasd:HostResource><rasd:ResourceType>17</rasd:ResourceType></Item>
<Config key="firmware" value="efi"/></VirtualHardwareSection></VirtualSystem></Envelope>`;
const VMX = 'config.version = "8"\ndisplayName = "Old"\nmemsize = "128"\nannotation = "a|0Ab"\nide0:0.present = "TRUE"\nide0:0.fileName = "disk.vmdk"\nscsi0:1.deviceType = "disk"\nscsi0:1.fileName = "disk.vmdk"\nfirmware = "efi"\n'; // prettier-ignore
const VBOX = `<?xml version="1.0"?><VirtualBox><Machine name="Box" OSType="Debian_64"><MediaRegistry><HardDisks><HardDisk uuid="{a}" location="disk.vmdk"/></HardDisks></MediaRegistry>
<Hardware><CPU count="2"/><Memory RAMSize="128"/><StorageControllers><StorageController><AttachedDevice type="HardDisk"><Image uuid="{a}"/></AttachedDevice></StorageController></StorageControllers></Hardware></Machine></VirtualBox>`;
const MANIFEST = `SHA256(web.ovf)= ${'ab'.repeat(32)}\nSHA-1(disk.vmdk)= ${'cd'.repeat(20)}\n`;

/** Where names of files and numbers go wrong. */
const WORDS = ['../secret', '/etc/passwd', '..\\secret', 'outside', 'disk.vmdk/', '.', '', '\0', '-1', '1e400', 'NaN', '99999999999999999999', '0x10', '<', '>', '&#0;', '&x;', '"', '|ff', '<!DOCTYPE a>', ']]>', '\u{10ffff}'] as const; // prettier-ignore

let root: string;
let folder: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'annex-fuzz-'));
  folder = path.join(root, 'machine');
  await mkdir(folder);
  await writeFile(path.join(root, 'secret'), SECRET);
  await writeFile(path.join(folder, 'disk.vmdk'), 'a disk');
  await symlink('../secret', path.join(folder, 'outside'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Pieces taken out, doubled, swapped for hostile ones. */
function damage(text: string, random: Random): string {
  let bad = text;
  for (let i = 1 + random.below(4); i > 0; i--) {
    const at = random.below(bad.length + 1);
    const length = random.below(random.below(2) ? 8 : 60);
    const values = [...bad.matchAll(/"[^"]*"|>[^<]+</g)];
    const value = values[random.below(Math.max(1, values.length))];
    const kind = random.below(4);
    if (kind === 0 && value) bad = `${bad.slice(0, value.index + 1)}${random.pick(WORDS)}${bad.slice(value.index + value[0].length - 1)}`;
    else if (kind === 1) bad = bad.slice(0, at) + random.pick(WORDS) + bad.slice(at);
    else if (kind === 2) bad = bad.slice(0, at) + bad.slice(at + length);
    else bad = bad.slice(0, at) + bad.slice(at, at + length).repeat(1 + random.below(4)) + bad.slice(at + length);
  }
  return bad;
} // prettier-ignore

/** What an import asks of a machine before it converts its disks. */
async function use({ machine, files }: Appliance): Promise<void> {
  const config = draftOf(machine, machine.name);
  machineConfigSchema.parse({ ...config, version: 1, id: crypto.randomUUID(), createdAt: new Date().toISOString() });
  for (const disk of machine.disks) {
    if (disk.kind === 'empty') continue;
    let content = '';
    for await (const piece of await files.content(disk.name)) content += Buffer.from(piece).toString('latin1');
    expect(content).not.toContain(SECRET);
  }
}

async function expectTyped(work: () => Promise<unknown>, text: unknown): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    expect(error, `${String(text)}\n${(error as Error).stack}`).toBeInstanceOf(AnnexError);
    return false;
  }
}

function archive(ovf: string): Buffer {
  const member = (name: string, text: string): Uint8Array[] => {
    const bytes = Buffer.from(text);
    return [encodeTarHeader(name, bytes.length, 1e9), bytes, tarPadding(bytes.length)];
  };
  const parts = [...member('web.ovf', ovf), ...member('web.mf', MANIFEST), ...member('disk.vmdk', 'a disk'), TAR_END];
  return Buffer.concat(parts);
}

/** The checksum of a header made right again. */
function reseal(header: Buffer): void {
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

describe.each([
  ['OVF', 'web.ovf', OVF],
  ['VMX', 'old.vmx', VMX],
  ['VBOX', 'Box.vbox', VBOX],
] as const)('a hostile %s', (_title, name, good) => {
  it('is refused, or describes a machine of ours with disks from its folder', async () => {
    const random = new Random(SEED);
    const file = path.join(folder, name);
    let accepted = 0;
    for (let run = 0; run < RUNS; run++) {
      const bad = run === 0 ? good : damage(good, random);
      await writeFile(file, bad);
      const works = await expectTyped(async () => use(await readAppliance(file)), bad);
      if (run === 0) expect(works).toBe(true);
      accepted += works ? 1 : 0;
    }
    // Both ends of it are looked at.
    expect(accepted).toBeGreaterThan(RUNS / 50);
    expect(accepted).toBeLessThan(RUNS);
  });
});

describe('a hostile archive', () => {
  it('is refused, or holds what its headers say', async () => {
    const random = new Random(SEED);
    const file = path.join(folder, 'web.ova');
    for (let run = 0; run < RUNS; run++) {
      const bad = archive(random.below(4) ? OVF : damage(OVF, random));
      for (let i = random.below(4); i > 0; i--) {
        const blocks = Array.from({ length: bad.length / 512 }, (_, block) => block * 512);
        const headers = blocks.filter((at) => bad.toString('latin1', at + 257, at + 262) === 'ustar');
        const header = bad.subarray(random.pick(headers)).subarray(0, 512);
        const field = random.pick([
          [0, 100],
          [124, 12],
          [156, 1],
          [257, 8],
          [345, 155],
        ] as const);
        if (random.below(2))
          header.write(random.pick(['../secret', '-1', '-777', '-7777777', '9'.repeat(11), '7'.repeat(11), '1 2', '\0'.repeat(8), '\x80\xff\xff\xff\xff\xff\xff\xff\xff']), field[0], field[1], 'latin1'); // prettier-ignore
        else header[field[0] + random.below(field[1])] = random.below(256);
        if (random.below(8)) reseal(header);
      }
      await writeFile(file, random.below(10) ? bad : bad.subarray(0, random.below(bad.length)));
      await expectTyped(async () => use(await readAppliance(file)), `run ${run}`);
    }
  });

  it.each(['-1', '-512', '-7777777', '12x', '8'])('with a size of %s is refused', async (size) => {
    const bytes = archive(OVF);
    bytes.fill(0, 124, 136).write(size, 124, 'latin1');
    reseal(bytes.subarray(0, 512));
    const source = { size: bytes.length, read: (at: number, length: number) => Promise.resolve(bytes.subarray(at, at + length)) }; // prettier-ignore
    await expect(readTar(source, 'web.ova')).rejects.toMatchObject({ code: 'appliance-invalid' });
  });
});

it('manifests are refused, or name digests', async () => {
  const random = new Random(SEED);
  for (let run = 0; run < RUNS; run++) {
    const bad = damage(MANIFEST, random);
    await expectTyped(() => Promise.resolve().then(() => parseManifest(bad, 'web.mf')), bad);
  }
});

it.each([
  ['a word of OVF a hundred thousand times', 'x.ovf', OVF.replace('Web<', `${'firmware'.repeat(400_000)}<`)],
  ['a line of VMX without end', 'x.vmx', `${VMX}a = "${' '.repeat(900_000)}\n${'a.'.repeat(10_000)}`],
  ['blanks without end', 'x.ovf', OVF.replace('byte * 2^20<', `byte ${' '.repeat(1_000_000)}<`)],
  ['elements without end', 'x.vbox', VBOX.replace('<Hardware>', `<Hardware>${'<a/>'.repeat(49_000)}`)],
])(
  '%s takes no time worth noticing',
  async (_what, name, text) => {
    const file = path.join(folder, name);
    await writeFile(file, text);
    await expectTyped(async () => use(await readAppliance(file)), name);
  },
  20_000,
);
