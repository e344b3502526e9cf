import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { identifyProcess, isAlive } from './process-identity.js';

it('recognises a living process and notices its end', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const identity = identifyProcess(child.pid!);
  expect(isAlive(identity)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(identity)).toBe(false);
});

it.skipIf(process.platform === 'win32')('does not take another process with the same pid for it', () => {
  expect(isAlive({ pid: process.pid, startTime: 'before the flood' })).toBe(false);
});

it('rejects pids that name process groups', () => {
  expect(isAlive({ pid: 0, startTime: null })).toBe(false);
  expect(isAlive({ pid: -1, startTime: null })).toBe(false);
});
