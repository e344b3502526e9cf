import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Host } from '../src/main/host/host.js';
import { COMMANDS, type CommandName } from '../src/shared/contract/commands.js';
import { AnnexError, wireErrorSchema } from '../src/shared/contract/errors.js';
import { FakeVmStarter } from '../src/testing/fake-vm-starter.js';

/** Commands that reach outside the library: they would download packages or list the tester's own folders. */
const LEFT_OUT: readonly CommandName[] = ['demo.create', 'media.browse', 'media.add'];
const NAMES = (Object.keys(COMMANDS) as CommandName[]).filter((name) => !LEFT_OUT.includes(name));

let root: string;
let host: Host;
let machineId: string;
const starter = new FakeVmStarter();

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'annex-fuzz-'));
  host = await Host.open({ libraryPath: root, starter, diskJobStarter: starter, version: '0' });
  machineId = (await host.command('machine.create', { draft: { name: 'Target', memoryMiB: 64 } })).config.id;
});

afterAll(async () => {
  await host.close();
  await rm(root, { recursive: true });
});

/** Values shaped somewhat like requests, with the fields commands look at. */
const payload = fc.oneof(
  fc.anything({ maxDepth: 3 }),
  fc.record(
    {
      id: fc.oneof(fc.constant('TARGET'), fc.string(), fc.anything({ maxDepth: 1 })),
      patch: fc.oneof(
        fc.anything({ maxDepth: 3 }),
        fc.record({ memoryMiB: fc.anything({ maxDepth: 1 }), drives: fc.anything({ maxDepth: 3 }) }, { requiredKeys: [] }),
      ),
      draft: fc.record({ name: fc.string(), memoryMiB: fc.oneof(fc.integer(), fc.constant(64)) }),
      events: fc.array(fc.anything({ maxDepth: 2 })),
      text: fc.string(),
      kind: fc.constantFrom('display', 'serial1', 'x'),
      driveId: fc.string(),
      mediaId: fc.oneof(fc.constant(null), fc.string()),
      folders: fc.array(fc.string()),
      watching: fc.boolean(),
      channel: fc.integer(),
      jobId: fc.string(),
      path: fc.constant('/nonexistent'),
    },
    { requiredKeys: [] },
  ),
); // prettier-ignore

function aim(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('id' in value) || value.id !== 'TARGET') return value;
  return { ...value, id: machineId };
}

it('answers any message with a reply or a contract error, and loses no machine', async () => {
  const step = fc.tuple(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: fc.string() }), payload);
  await fc.assert(
    fc.asyncProperty(step, async ([name, value]) => {
      if (name === 'machine.delete') return;
      try {
        await host.request(name, aim(value));
      } catch (error) {
        expect(error).toBeInstanceOf(AnnexError);
        const wire = (error as AnnexError).toWire();
        wireErrorSchema.parse(wire);
        expect(wire.code, `${name}: ${wire.cause}`).not.toBe('internal');
      }
    }),
    { numRuns: 1500 },
  );
  const { machines, broken } = await host.command('library.list', {});
  expect(broken).toEqual([]);
  expect(machines.some((machine) => machine.config.id === machineId)).toBe(true);
}, 60_000); // prettier-ignore

it('survives any message of a VM process', async () => {
  await fc.assert(
    fc.asyncProperty(fc.anything({ maxDepth: 3 }), async (message) => {
      const before = (await host.command('machine.get', { id: machineId })).state;
      if (before !== 'running') await restart();
      starter.vm.say(message);
    }),
    { numRuns: 60 },
  );
  const { machines } = await host.command('library.list', {});
  expect(machines.some((machine) => machine.config.id === machineId)).toBe(true);
}, 60_000);

async function restart(): Promise<void> {
  const { state } = await host.command('machine.get', { id: machineId });
  if (state === 'paused') await host.command('machine.resume', { id: machineId });
  else if (state !== 'running') await host.command('machine.start', { id: machineId }).catch(() => {});
}
