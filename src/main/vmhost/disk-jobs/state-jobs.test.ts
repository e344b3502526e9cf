import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openState, pageOf, stateFile } from '../../../testing/state-files.js';
import { BASE_PAGE } from '../../vmm/snapshot/page-index.js';
import { mergeState } from './state-jobs.js';

const BASE = '00000000-0000-4000-8000-00000000000a';
const PAGES = 256;
const content = (seed: number) => new Map(Array.from({ length: PAGES / 2 }, (_, i) => [2 * i, pageOf(seed + i)]));
const untilTheEnd = { checkpoint: () => {}, progress: () => {} };

let folder: string;
let request: { job: 'merge-state'; state: string; base: string };
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-states-'));
  request = { job: 'merge-state', state: path.join(folder, 'upper.state'), base: path.join(folder, 'base.state') };
  await writeFile(request.base, stateFile({ pages: PAGES, id: BASE, content: content(1) }));
  const known = BASE_PAGE;
  await writeFile(request.state, stateFile({ pages: PAGES, base: BASE, known, content: new Map([[1, pageOf(9)]]) }));
});
afterEach(() => rm(folder, { recursive: true }));

it('puts the merged state in place of the old one, and does nothing the second time', async () => {
  await mergeState(request, untilTheEnd);
  const merged = await readFile(request.state);
  expect(openState(merged).manifest.base).toBeNull();
  await mergeState(request, { ...untilTheEnd, checkpoint: () => expect.fail('works again') });
  expect((await readFile(request.state)).equals(merged)).toBe(true);
});

it('leaves the state as it was wherever it is cancelled', async () => {
  const before = await readFile(request.state);
  for (let steps = 0; steps < 4; steps++) {
    let left = steps;
    const checkpoint = (): void => {
      if (left-- === 0) throw new Error('cancelled');
    };
    await expect(mergeState(request, { ...untilTheEnd, checkpoint })).rejects.toThrow();
    expect((await readFile(request.state)).equals(before)).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(['base.state', 'upper.state']);
  }
});

it('refuses a base that the state does not build on', async () => {
  await writeFile(
    request.base,
    stateFile({ pages: PAGES, base: '00000000-0000-4000-8000-00000000000f', known: BASE_PAGE }),
  );
  await expect(mergeState(request, untilTheEnd)).rejects.toMatchObject({ code: 'state-damaged' });
});
