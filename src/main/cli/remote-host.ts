import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { BulkChannel } from '../../shared/contract/client.js';
import type { CommandName, CommandReply, CommandRequest } from '../../shared/contract/commands.js';
import { AnnexError } from '../../shared/contract/errors.js';
import type { HostEvent } from '../../shared/contract/events.js';
import { CHANNEL_PATH, CONTROL_PATH, serverMessageSchema } from '../../shared/contract/wire.js';
import type { Endpoint } from '../server/endpoint.js';
import type { HostSession } from './host-session.js';

interface Pending {
  resolve(reply: unknown): void;
  reject(error: AnnexError): void;
}

/** The host of another process, over its loopback server. */
export class RemoteHost implements HostSession {
  private nextId = 1;
  private readonly pending = new Map<number, Pending>();
  private readonly listeners = new Set<(event: HostEvent) => void>();

  private constructor(
    private readonly endpoint: Endpoint,
    private readonly socket: WebSocket,
  ) {
    socket.on('message', (data: Buffer) => this.receive(data.toString('utf8')));
    socket.on('close', () => this.pending.forEach(({ reject }) => reject(lostError())));
    socket.on('error', () => {});
  }

  /** @throws AnnexError if the host does not answer */
  static async connect(endpoint: Endpoint): Promise<RemoteHost> {
    return new RemoteHost(endpoint, await openSocket(endpoint, CONTROL_PATH));
  }

  request<N extends CommandName>(name: N, request: CommandRequest<N>): Promise<CommandReply<N>> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as (reply: unknown) => void, reject });
      this.socket.send(JSON.stringify({ id, name, payload: request }));
    });
  }

  async openChannel(machineId: string, kind: 'display' | 'serial1' | 'serial2'): Promise<BulkChannel> {
    const { channel } = await this.request('channel.open', { id: machineId, kind });
    return new RemoteChannel(await openSocket(this.endpoint, `${CHANNEL_PATH}?id=${channel}`));
  }

  onEvent(listener: (event: HostEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): Promise<void> {
    this.socket.close();
    return Promise.resolve();
  }

  private receive(text: string): void {
    const message = serverMessageSchema.parse(JSON.parse(text));
    if ('event' in message) return this.listeners.forEach((listener) => listener(message.event));
    const call = this.pending.get(message.id);
    this.pending.delete(message.id);
    if ('error' in message) call?.reject(AnnexError.fromWire(message.error));
    else call?.resolve(message.reply);
  }
}

/** Messages that arrive before a listener wait in the paused socket. */
class RemoteChannel implements BulkChannel {
  constructor(private readonly socket: WebSocket) {
    socket.on('error', () => socket.terminate());
    socket.pause();
  }

  onMessage(listener: (data: Uint8Array) => void): void {
    this.socket.on('message', (data: Buffer) => listener(data));
    this.socket.resume();
  }

  onClose(listener: () => void): void {
    this.socket.on('close', listener);
  }

  send(data: Uint8Array): void {
    this.socket.send(data);
  }

  close(): void {
    this.socket.close();
  }
}

async function openSocket({ port, token }: Endpoint, route: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/${route}`, {
    headers: { Authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  try {
    await once(socket, 'open');
    return socket;
  } catch (cause) {
    throw new AnnexError('io-error', 'Annex does not answer. Stop it and try again.', { port }, { cause });
  }
}

function lostError(): AnnexError {
  return new AnnexError('io-error', 'Annex ended before it answered.');
}
