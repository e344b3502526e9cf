import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TranslatorView } from '../../../shared/contract/machine-view.js';
import { MachineSymbols } from './machine-symbols.js';
import { readSystemMap } from './system-map-file.js';

const MAP = 'ffffffff81000000 T _stext\nffffffff81001000 t clear_page\nffffffff81c00000 T entry_SYSCALL_64\n';
const region = (address: string) => ({ address, code: 'ret', instructions: 1, bytes: 10, uses: 3 });
const figures: TranslatorView = {
  regions: 2, bytes: 20, mostRegions: 9, mostBytes: 99, instructionsTranslated: 2, translationMs: 1.5, compilationMs: 1, dropped: 0, evicted: 0,
  syscallEntry: 'ffffffff91c00000', hottest: [region('ffffffff91001010'), region('401000')],
}; // prettier-ignore

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'annex-map-'));
  file = join(folder, 'System.map');
});
afterAll(() => rm(folder, { recursive: true }));

it('names hot regions of a kernel that was moved, and leaves programs without a name', async () => {
  await writeFile(file, MAP);
  const named = await new MachineSymbols().name('a', file, figures);
  expect(named.hottest).toEqual([{ ...region('ffffffff91001010'), symbol: 'clear_page+0x10' }, region('401000')]);
  expect(named.symbols).toEqual({ file: 'System.map', problem: null });
});

it('tells why a file names nothing, and takes it again when it is back', async () => {
  const symbols = new MachineSymbols();
  await rm(file, { force: true });
  const without = await symbols.name('a', file, figures);
  expect(without.hottest).toEqual(figures.hottest);
  expect(without.symbols?.problem).toMatchObject({ code: 'media-not-found' });
  await writeFile(file, MAP);
  expect((await symbols.name('a', file, figures)).hottest[0]!.symbol).toBe('clear_page+0x10');
  await writeFile(file, 'what somebody wrote over it');
  expect((await symbols.name('a', file, figures)).symbols?.problem).toMatchObject({ code: 'symbols-invalid' });
});

it('looks at no file for a machine without one, and while nobody looks', async () => {
  const symbols = new MachineSymbols();
  expect(await symbols.name('a', null, figures)).toBe(figures);
  const unseen = { ...figures, hottest: [] };
  expect(await symbols.name('a', join(folder, 'nothing'), unseen)).toBe(unseen);
});

it('reads a map of many pieces whole', async () => {
  const lines = Array.from({ length: 40_000 }, (_, i) => `${(0x1000 + i * 16).toString(16)} t symbol_number_${i}`);
  await writeFile(file, lines.join('\n'));
  const map = await readSystemMap(file);
  for (let i = 0; i < lines.length; i += 7)
    expect(map.at(BigInt(0x1000 + i * 16 + 3))).toEqual({ name: `symbol_number_${i}`, offset: 3 });
});

it('refuses what is no map: other text, a pipe, a device without end, a huge file, a line without end', async () => {
  await writeFile(file, 'no symbols');
  await expect(readSystemMap(file)).rejects.toMatchObject({ code: 'symbols-invalid' });
  await truncate(file, 2 ** 40);
  await expect(readSystemMap(file)).rejects.toMatchObject({ code: 'symbols-invalid' });
  await truncate(file, 0);
  await truncate(file, 2 ** 23);
  await expect(readSystemMap(file)).rejects.toMatchObject({ code: 'symbols-invalid' });
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  await expect(readSystemMap(pipe)).rejects.toMatchObject({ code: 'media-not-readable' });
  await expect(readSystemMap('/dev/zero')).rejects.toMatchObject({ code: 'media-not-readable' });
});
