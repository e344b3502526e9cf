import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSystemMap, withSymbols } from './named-regions.js';

const MAP = 'ffffffff81000000 T _stext\nffffffff81001000 t clear_page\nffffffff81c00000 T entry_SYSCALL_64\n';
const region = (address: string) => ({ address, code: 'ret', instructions: 1, bytes: 10, uses: 3 });
const translator = {
  regions: 2, bytes: 20, mostRegions: 9, mostBytes: 99, instructionsTranslated: 2, translationMs: 1.5, compilationMs: 1, dropped: 0, evicted: 0,
  syscallEntry: 'ffffffff91c00000', hottest: [region('ffffffff91001010'), region('401000')],
}; // prettier-ignore

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'annex-map-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('names hot regions of a kernel that was moved, and leaves programs without a name', () => {
  const named = withSymbols({ engine: 'translator', translator }, MAP) as { translator: typeof translator };
  expect(named.translator.hottest).toEqual([
    { ...region('ffffffff91001010'), symbol: 'clear_page+0x10' },
    region('401000'),
  ]);
});

it('leaves figures of other engines as they are', () => {
  expect(withSymbols({ engine: 'kvm' }, MAP)).toEqual({ engine: 'kvm' });
});

it('refuses what is no map, and what is not there', async () => {
  const file = join(folder, 'notes.txt');
  await writeFile(file, 'no symbols');
  await expect(readSystemMap(file)).rejects.toThrow('has no symbols of a System.map');
  await expect(readSystemMap(join(folder, 'nothing'))).rejects.toThrow('cannot be read');
  await expect(readSystemMap('/dev/null')).rejects.toThrow('has no symbols of a System.map');
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  await expect(readSystemMap(pipe)).rejects.toThrow('has no symbols of a System.map');
  await writeFile(file, MAP);
  expect(await readSystemMap(file)).toBe(MAP);
});
