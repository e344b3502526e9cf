import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { BulkChannel } from '../../../shared/contract/client.js';
import { acceptWebSocket } from './web-socket-channel.js';

let server: Server;
let channels: BulkChannel[];

/** A server that hands over every connection once it has read the request on it. */
beforeEach(async () => {
  channels = [];
  server = createServer((socket: Socket) =>
    socket.once('data', (request: Buffer) => {
      const key = /^sec-websocket-key: *(.*)\r$/im.exec(request.toString('latin1'))?.[1] ?? '';
      acceptWebSocket(socket, key, (channel) => channels.push(channel));
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => server.close());

const url = () => `ws://127.0.0.1:${(server.address() as AddressInfo).port}/channel`;

async function connect(): Promise<{ client: WebSocket; channel: BulkChannel }> {
  const client = new WebSocket(url());
  await new Promise((resolve) => client.on('open', resolve));
  return { client, channel: channels[0]! };
}

it('answers the request and carries messages both ways, whatever their size', async () => {
  const { client, channel } = await connect();
  const large = new Uint8Array(3_000_000).fill(7);
  const arrived = new Promise<Buffer[]>((resolve) => {
    const all: Buffer[] = [];
    client.on('message', (data: Buffer) => all.push(data) === 2 && resolve(all));
  });
  channel.send(Uint8Array.of(1, 2));
  channel.send(large);
  expect((await arrived).map((data) => [data.length, data.at(-1)])).toEqual([
    [2, 2],
    [3_000_000, 7],
  ]);
  const heard = new Promise<number[]>((resolve) => channel.onMessage((data) => resolve([...data])));
  client.send('text is no message of a channel');
  client.send(Uint8Array.of(3, 4));
  expect(await heard).toEqual([3, 4]);
  client.terminate();
});

it('tells either end that the other has gone', async () => {
  const { client, channel } = await connect();
  const gone = new Promise<void>((resolve) => channel.onClose(resolve));
  client.terminate();
  await gone;
  expect(() => channel.send(Uint8Array.of(1))).not.toThrow();
  const again = new WebSocket(url());
  await new Promise((resolve) => again.on('open', resolve));
  const closed = new Promise((resolve) => again.on('close', resolve));
  channels[1]!.close();
  await closed;
});

it('hangs up on a client that sends too much at once', async () => {
  const { client, channel } = await connect();
  const code = new Promise((resolve) => client.on('close', resolve));
  channel.onMessage(() => expect.unreachable());
  client.send(new Uint8Array(2 << 20));
  expect(await code).toBe(1009);
});

it('refuses a request with an invalid key', async () => {
  const answer = await fetch(url().replace('ws:', 'http:'));
  expect([answer.status, channels]).toEqual([400, []]);
});
