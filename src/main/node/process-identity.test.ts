import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
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

it.skipIf(process.platform !== 'linux')('does not take a zombie that is met by its pid for alive', async () => {
  // What the shell becomes does not wait for the child.
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const state = (): string | undefined => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1];
    await vi.waitFor(() => expect(state()).toBe('Z'), 5000);
    expect(isAlive(identifyProcess(pid))).toBe(false);
  } finally {
    parent.kill('SIGKILL');
  }
});
