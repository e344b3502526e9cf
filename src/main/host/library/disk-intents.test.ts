import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nodeFiles } from '../../node/host-files.js';
import { DiskIntents } from './disk-intents.js';

const LOG = 'disk-intents.json';

let folder: string;
let intents: DiskIntents;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-intents-'));
  intents = new DiskIntents(folder, nodeFiles);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const put = (...names: string[]) => Promise.all(names.map((name) => writeFile(at(name), '')));
const names = async (): Promise<string[]> => (await readdir(folder)).sort();

it('removes what was to be made or removed and nothing uses', async () => {
  await put('old.raw', 'new.qcow2', 'other.raw');
  await intents.begin(['old.raw', 'new.qcow2']);
  expect(await intents.arePending()).toBe(true);
  await new DiskIntents(folder, nodeFiles).settle(new Set([at('new.qcow2')]));
  expect(await names()).toEqual(['new.qcow2', 'other.raw']);
  expect(await intents.arePending()).toBe(false);
});

it('removes the lock a killed job has left beside a file that goes, and no other', async () => {
  await put('old.raw', 'old.raw.lock', 'new.raw', 'new.raw.lock');
  await intents.begin(['old.raw', 'new.raw']);
  await intents.settle(new Set([at('new.raw')]));
  expect(await names()).toEqual(['new.raw', 'new.raw.lock']);
});

it('remembers what an earlier cut left unsettled', async () => {
  await put('one.raw', 'two.raw');
  await intents.begin(['one.raw']);
  await intents.begin(['two.raw']);
  await intents.settle(new Set());
  expect(await names()).toEqual([]);
});

it('touches nothing but disks in its own folder, whatever the log says', async () => {
  await put('machine.json', 'keep.raw');
  for (const files of [['machine.json'], ['../keep.raw'], ['snapshots'], 'keep.raw', [at('keep.raw')]]) {
    await writeFile(at(LOG), JSON.stringify({ version: 1, files }));
    await intents.settle(new Set());
    expect(await names(), String(files)).toEqual(['keep.raw', 'machine.json']);
  }
  await intents.begin(['machine.json', '../keep.raw']);
  await intents.settle(new Set());
  expect(await names()).toEqual(['keep.raw', 'machine.json']);
});

it('waits for a process that outlives its host and still writes the file', async () => {
  const job = spawn('sleep', ['60']);
  const draft = `new.qcow2.${job.pid}-0123abcd.part`;
  await intents.begin(['new.qcow2']);
  await put('new.qcow2', draft);
  await intents.settle(new Set());
  expect(await names()).toEqual([LOG, 'new.qcow2', draft].sort());
  job.kill('SIGKILL');
  await once(job, 'exit');
  await intents.settle(new Set());
  expect(await names()).toEqual([draft]);
});
