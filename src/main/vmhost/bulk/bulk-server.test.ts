import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BulkChannel } from '../../../shared/contract/client.js';
import { lengthPrefix } from '../../../shared/vm-process/bulk-framing.js';
import { SocketChannel } from '../../node/socket-channel.js';
import { BulkServer } from './bulk-server.js';

let folder: string;
let socketPath: string;
let server: BulkServer;
let channels: { kind: string; channel: BulkChannel }[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annex-bulk-'));
  socketPath = path.join(folder, 's');
  channels = [];
  server = new BulkServer('secret', (kind, channel) => {
    channels.push({ kind, channel });
    channel.onMessage((message) => channel.send(message));
  });
  await server.listen(socketPath);
});

afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

function hello(text: string): SocketChannel {
  const channel = new SocketChannel(connect(socketPath));
  channel.send(new TextEncoder().encode(text));
  return channel;
}

const closed = (channel: SocketChannel) => new Promise<void>((resolve) => channel.onClose(resolve));

it('opens the channel that is asked for, and keeps message borders both ways', async () => {
  const channel = hello(JSON.stringify({ kind: 'serial1', secret: 'secret' }));
  const large = new Uint8Array(3_000_000).fill(7);
  channel.send(Uint8Array.of(1, 2));
  channel.send(large);
  const echoed: Uint8Array[] = [];
  await new Promise<void>((resolve) => channel.onMessage((message) => (echoed.push(message) === 2 ? resolve() : undefined)));
  expect(channels.map(({ kind }) => kind)).toEqual(['serial1']);
  expect(echoed.map((message) => message.length)).toEqual([2, 3_000_000]);
  channel.close();
  await closed(channel);
}); // prettier-ignore

it.each([
  JSON.stringify({ kind: 'display', secret: 'guess' }),
  JSON.stringify({ kind: 'display' }),
  JSON.stringify({ kind: 'disk', secret: 'secret' }),
  'rubbish',
  '',
])('hangs up on a caller that says %j', async (text) => {
  await closed(hello(text));
  expect(channels).toEqual([]);
});

it('hangs up on a caller that announces more than any message has', async () => {
  const socket = connect(socketPath);
  socket.write(lengthPrefix(0xffff_ffff));
  await new Promise((resolve) => socket.on('close', resolve));
  expect(channels).toEqual([]);
});
