import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../main.js';

let library: string;

async function run(...argv: string[]) {
  const terminal = { output: '', errors: '' };
  const code = await main([...argv, '--library', library], {
    out: (text) => void (terminal.output += text),
    error: (text) => void (terminal.errors += text),
  });
  return { code, ...terminal };
}

const auto = (...options: string[]) => run('snapshot', 'auto', 'Test', ...options);
const scheduled = async (): Promise<unknown> => JSON.parse((await auto('--json')).output);

beforeAll(async () => {
  library = await mkdtemp(path.join(tmpdir(), 'annex-auto-'));
  expect(await run('create', 'Test', '--memory', '64')).toMatchObject({ code: 0 });
});
afterAll(() => rm(library, { recursive: true }));

it('sets what is named, leaves the rest, and ends it', async () => {
  expect(await auto()).toMatchObject({ code: 0, output: 'No automatic snapshots.\n' });
  await auto('--every', 'half-hour');
  expect(await scheduled()).toEqual({ every: 'half-hour', keep: 10 });
  expect(await auto('--keep', '3')).toMatchObject({
    output: 'A snapshot every half hour of running time, the newest 3 kept.\n',
  });
  expect(await scheduled()).toEqual({ every: 'half-hour', keep: 3 });
  await auto('--off');
  expect(await scheduled()).toBeNull();
});

it.each([
  [['--every', 'minute'], /half-hour, hour, day, not "minute"/],
  [['--keep', '0'], /keep/],
  [['--keep', '101'], /keep/],
  [['--off', '--keep', '5'], /--off/],
])('refuses %j and changes nothing', async (options, message) => {
  await auto('--every', 'day', '--keep', '7');
  expect(await auto(...options)).toMatchObject({ code: 2, errors: expect.stringMatching(message) });
  expect(await scheduled()).toEqual({ every: 'day', keep: 7 });
});
