import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { machineDraftSchema, type MachineDraft } from '../../../shared/contract/commands.js';
import { Library } from './library.js';
import { MachineLock } from './machine-lock.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'annex-library-'));
});
afterEach(() => rm(root, { recursive: true }));

const noTrash = () => Promise.resolve(false);
const open = () => Library.open(root, { trash: noTrash });

function draft(name: string, more: Partial<MachineDraft> = {}) {
  return machineDraftSchema.parse({ name, memoryMiB: 64, ...more });
}

const DISK = { id: 'disk0', kind: 'disk', slot: { bus: 'ide', channel: 0, unit: 0 }, path: 'disk' } as const;

it('keeps machines across a restart', async () => {
  const made = await (await open()).create(draft('Debian 12', { notes: 'hello' }), {});
  const again = await open();
  expect(again.all.map((m) => m.config)).toEqual([made.config]);
  expect(await readdir(root)).toEqual(['Debian 12.annex']);
});

it('creates disks that take no room', async () => {
  const library = await open();
  const size = 40 * 2 ** 30;
  const made = await library.create(draft('Big', { drives: [DISK] }), { disk0: { sizeBytes: size } });
  const disk = await stat(path.join(root, 'Big.annex', 'disk0.raw'));
  expect(made.config.drives).toMatchObject([{ path: 'disk0.raw', format: 'raw' }]);
  expect(disk.size).toBe(size);
  expect(disk.blocks * 512).toBeLessThan(1 << 20);
});

it('never writes a new disk over an old file', async () => {
  const library = await open();
  const { config } = await library.create(draft('A', { drives: [DISK] }), { disk0: { sizeBytes: 4096 } });
  await writeFile(path.join(root, 'A.annex', 'disk0.raw'), 'precious');
  const edited = await library.edit(config.id, { drives: config.drives }, { disk0: { sizeBytes: 4096 } }, true);
  expect(edited.config.drives).toMatchObject([{ path: 'disk0-2.raw' }]);
  expect(await readFile(path.join(root, 'A.annex', 'disk0.raw'), 'utf8')).toBe('precious');
});

it('refuses a name that is taken, whatever its case', async () => {
  const library = await open();
  await library.create(draft('Debian'), {});
  await expect(library.create(draft('debian'), {})).rejects.toMatchObject({ code: 'vm-exists' });
});

it('leaves nothing behind when a machine cannot be made', async () => {
  const library = await open();
  const tooBig = { disk0: { sizeBytes: Number.MAX_SAFE_INTEGER } };
  await expect(library.create(draft('Huge', { drives: [DISK] }), tooBig)).rejects.toMatchObject({ name: 'AnnexError' });
  expect(await readdir(root)).toEqual([]);
});

it('shows damaged and newer machines as broken and never touches them', async () => {
  const texts = { Newer: '{"version":99,"future":true}', Torn: '{"version":1,"id":' };
  for (const [name, text] of Object.entries(texts)) {
    await mkdir(path.join(root, `${name}.annex`));
    await writeFile(path.join(root, `${name}.annex`, 'machine.json'), text);
  }
  await mkdir(path.join(root, 'Empty.annex'));
  const library = await open();
  expect(library.all).toEqual([]);
  expect(library.broken.map((b) => [path.basename(b.path), b.error.code])).toEqual([
    ['Empty.annex', 'vm-config-damaged'],
    ['Newer.annex', 'vm-config-newer'],
    ['Torn.annex', 'vm-config-damaged'],
  ]);
  for (const [name, text] of Object.entries(texts))
    expect(await readFile(path.join(root, `${name}.annex`, 'machine.json'), 'utf8')).toBe(text);
});

it('takes a folder name beside a broken machine of the same name', async () => {
  await mkdir(path.join(root, 'Debian.annex'));
  const made = await (await open()).create(draft('Debian'), {});
  expect(path.basename(made.folder.path)).toBe('Debian 2.annex');
});

it('reports a copied machine folder instead of guessing which is meant', async () => {
  const made = await (await open()).create(draft('One'), {});
  await mkdir(path.join(root, 'Two.annex'));
  await writeFile(path.join(root, 'Two.annex', 'machine.json'), JSON.stringify(made.config));
  const library = await open();
  expect(library.all).toHaveLength(1);
  expect(library.broken).toMatchObject([{ error: { code: 'vm-config-invalid' } }]);
});

it('changes notes of a running machine, but not its memory', async () => {
  const library = await open();
  const { config } = await library.create(draft('Live'), {});
  const running = false;
  await library.edit(config.id, { notes: 'n' }, {}, running);
  await expect(library.edit(config.id, { memoryMiB: 128 }, {}, running)).rejects.toMatchObject({
    code: 'vm-wrong-state',
  });
  expect((await open()).get(config.id).config).toMatchObject({ notes: 'n', memoryMiB: 64 });
});

it('does not delete or reconfigure what another Annex runs', async () => {
  const library = await open();
  const { config, folder } = await library.create(draft('Shared'), {});
  const lock = await MachineLock.acquire(folder.path, process.pid);
  await expect(library.remove(config.id)).rejects.toMatchObject({ code: 'vm-locked' });
  await expect(library.edit(config.id, { memoryMiB: 128 }, {}, true)).rejects.toMatchObject({ code: 'vm-locked' });
  await lock.release();
  await library.remove(config.id);
  expect(await readdir(root)).toEqual([]);
});

it('sweeps what a killed creation left, and only that', async () => {
  await mkdir(path.join(root, '.creating-999999999-abcd'));
  await mkdir(path.join(root, '.something-else'));
  await open();
  expect(await readdir(root)).toEqual(['.something-else']);
});
