import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { assertUnlocked, MachineLock } from './machine-lock.js';

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-lock-'));
});

afterEach(async () => {
  children.splice(0).forEach((child) => child.kill('SIGKILL'));
  await rm(folder, { recursive: true });
});

function sleeper(): ChildProcess {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  children.push(child);
  return child;
}

it('lets one user in at a time, and the next after release', async () => {
  const lock = await MachineLock.acquire(folder, process.pid);
  await expect(MachineLock.acquire(folder, process.pid)).rejects.toMatchObject({ code: 'vm-locked' });
  await expect(assertUnlocked(folder)).rejects.toMatchObject({ code: 'vm-locked' });
  await lock.release();
  await assertUnlocked(folder);
  await (await MachineLock.acquire(folder, process.pid)).release();
  expect(await readdir(folder)).toEqual([]);
});

it('admits exactly one of many that come at once', async () => {
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => MachineLock.acquire(folder, process.pid)));
  expect(tries.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
});

it('admits exactly one of many that find a stale lock', async () => {
  const gone = { pid: process.pid, startTime: 'another life', hostname: hostname() };
  await writeFile(path.join(folder, 'machine.lock'), JSON.stringify(gone));
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => MachineLock.acquire(folder, process.pid)));
  expect(tries.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  expect(await readdir(folder)).toEqual(['machine.lock']);
});

it('takes over the lock of a process that was killed', async () => {
  const child = sleeper();
  await MachineLock.acquire(folder, child.pid!);
  await expect(assertUnlocked(folder)).rejects.toMatchObject({ code: 'vm-locked' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await assertUnlocked(folder);
  await MachineLock.acquire(folder, process.pid);
});

it('believes a lock of another computer', async () => {
  const owner = { pid: 1, startTime: null, hostname: 'some-other-computer.example' };
  await writeFile(path.join(folder, 'machine.lock'), JSON.stringify(owner));
  await expect(MachineLock.acquire(folder, process.pid)).rejects.toMatchObject({ code: 'vm-locked' });
});

it('does not let a torn lock file block the machine for ever', async () => {
  await writeFile(path.join(folder, 'machine.lock'), '{"pid":');
  await MachineLock.acquire(folder, process.pid);
});

it('does not release a lock that somebody else has taken over', async () => {
  const child = sleeper();
  const old = await MachineLock.acquire(folder, child.pid!);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await MachineLock.acquire(folder, process.pid);
  await old.release();
  await expect(assertUnlocked(folder)).rejects.toMatchObject({ code: 'vm-locked' });
});

it('names the folder if that takes no files', async () => {
  const file = path.join(folder, 'file');
  await writeFile(file, '');
  await expect(MachineLock.acquire(file, process.pid)).rejects.toMatchObject({ details: { name: file } });
});
