import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeOvf, type PackagedDisk } from '../../src/main/host/transfer/ovf-writer.js';
import { machineConfigSchema, type MachineConfig } from '../../src/shared/config/machine-config.js';
import { toolMissing } from '../../src/testing/debian-packages.js';

const missing = toolMissing('xmllint');
const SCHEMA = path.resolve('conformance/transfer/ovf-envelope.xsd');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-ovf-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What libxml2 says of a descriptor; empty if it holds to the schema. */
async function complaints(descriptor: string): Promise<string> {
  const file = path.join(folder, 'machine.ovf');
  await writeFile(file, descriptor);
  return promisify(execFile)('xmllint', ['--nonet', '--noout', '--schema', SCHEMA, file]).then(
    () => '',
    (error: { stderr: string }) => error.stderr,
  );
}

function machine(changes: Partial<MachineConfig>): MachineConfig {
  const id = 'b1f64a8e-52b5-4a2e-9b0b-0d9d4a1f7c11';
  const slot = { bus: 'ide', channel: 1, unit: 0 } as const;
  const drives = [{ id: 'cd0', kind: 'cdrom' as const, slot, path: null }];
  return machineConfigSchema.parse({
    version: 1,
    id,
    createdAt: '2026-01-02T03:04:05Z',
    name: 'Plain',
    memoryMiB: 512,
    drives,
    ...changes,
  });
}

const DISKS: readonly PackagedDisk[] = [
  { fileName: 'Plain-disk1.vmdk', fileBytes: 70_000, capacity: 1 << 30, channel: 0, unit: 0 },
  { fileName: 'Plain disk ü & 2.vmdk', fileBytes: 1, capacity: 2 ** 41, channel: 0, unit: 1 },
];

describe.skipIf(missing)(`the descriptor of an exported machine${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it.each([
    ['with two disks and a CD-ROM drive', machine({}), DISKS],
    ['without disks', machine({ drives: [] }), []],
    ['with notes', machine({ notes: 'line one\nline <two> & "three" ]]>' }), DISKS.slice(0, 1)],
    ['whose name is no XML name', machine({ name: "7 Été & 'co' 机器" }), DISKS],
    ['with a large memory', machine({ memoryMiB: 3072, guestOs: 'windows' }), DISKS],
  ])('holds to the schema %s', async (_what, config, disks) => {
    expect(await complaints(writeOvf(config, disks))).toBe('');
  });

  it.each([
    ['a disk without its file', (text: string) => text.replace('ovf:fileRef="file1"', 'ovf:fileRef="file9"')],
    ['elements out of order', (text: string) => text.replace(/(<rasd:ElementName>.*?>)(\s*)(<rasd:InstanceID>.*?>\n)/, '$3$2$1')],
    ['a section without its Info', (text: string) => text.replace('<Info>Disks of the machine</Info>', '')],
    ['an item on a controller that is not there', (text: string) => text.replace('<rasd:Parent>3<', '<rasd:Parent>33<')],
    ['a size that is no number', (text: string) => text.replace('ovf:size="70000"', 'ovf:size="many"')],
  ])('would be found to have %s', async (_what, spoil) => {
    const good = writeOvf(machine({}), DISKS);
    const bad = spoil(good);
    expect(bad).not.toBe(good);
    expect(await complaints(bad)).toMatch(/fails to validate/);
  }); // prettier-ignore
});
