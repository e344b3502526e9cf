import type { WebSocket } from 'ws';
import { toWireError } from '../../shared/contract/errors.js';
import { clientMessageSchema, type ServerMessage } from '../../shared/contract/wire.js';
import type { ChannelBroker } from '../host/commands/handlers.js';
import type { Host } from '../host/host.js';

/** Bytes of events that may wait for a slow client before it is let go; it reconnects and asks for everything anew. */
const MAX_BACKLOG_BYTES = 16 << 20;

/** Speaks the contract with one client: requests, answers, events. */
export function serveControl(socket: WebSocket, host: Host, channels: ChannelBroker): void {
  const send = (message: ServerMessage): void => {
    if (socket.bufferedAmount > MAX_BACKLOG_BYTES) return socket.terminate();
    socket.send(JSON.stringify(message));
  };
  const unsubscribe = host.onEvent((event) => send({ event }));
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    void answer(isBinary ? undefined : data.toString('utf8'), host, channels).then((message) =>
      message ? send(message) : socket.close(1002, 'not a request'),
    );
  });
  socket.on('close', unsubscribe);
  socket.on('error', () => socket.terminate());
}

/** The answer to one message; undefined if it is no request at all and cannot be answered. */
async function answer(
  text: string | undefined,
  host: Host,
  channels: ChannelBroker,
): Promise<ServerMessage | undefined> {
  const message = clientMessageSchema.safeParse(parseJson(text));
  if (!message.success) return undefined;
  const { id, name, payload } = message.data;
  try {
    return { id, reply: await host.request(name, payload, channels) };
  } catch (error) {
    return { id, error: toWireError(error) };
  }
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
