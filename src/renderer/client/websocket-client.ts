import type { AnnexClient, BulkChannel } from '../../shared/contract/client.js';
import type { CommandName, CommandReply, CommandRequest } from '../../shared/contract/commands.js';
import { AnnexError } from '../../shared/contract/errors.js';
import type { HostEvent } from '../../shared/contract/events.js';
import { CHANNEL_PATH, CONTROL_PATH, serverMessageSchema, SESSION_PATH } from '../../shared/contract/wire.js';

/** Pauses between attempts to reach a lost host, in ms; the last one repeats. */
const RECONNECT_MS = [250, 500, 1000, 2000, 5000];

interface Pending {
  resolve(reply: unknown): void;
  reject(error: AnnexError): void;
}

/**
 * Connects the page to the host that served it. The token of the address (`#token=…`) is exchanged for a cookie that
 * scripts cannot read, and taken out of the address.
 * @throws AnnexError `unauthorized` without a valid token or session
 */
export async function connectWebSocket(): Promise<AnnexClient> {
  await openSession();
  const client = new WebSocketClient();
  await client.connected();
  return client;
}

async function openSession(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return;
  history.replaceState(null, '', location.pathname + location.search);
  const answer = await fetch(SESSION_PATH, { method: 'POST', body: token });
  if (!answer.ok) throw unauthorized();
}

class WebSocketClient implements AnnexClient {
  private socket: WebSocket | undefined;
  private nextId = 1;
  private attempts = 0;
  private readonly pending = new Map<number, Pending>();
  private readonly eventListeners = new Set<(event: HostEvent) => void>();
  private readonly connectionListeners = new Set<(connected: boolean) => void>();

  /** Resolves when the first connection stands. */
  connected(): Promise<void> {
    return new Promise((resolve, reject) => this.connect(resolve, () => reject(unauthorized())));
  }

  request<N extends CommandName>(name: N, request: CommandRequest<N>): Promise<CommandReply<N>> {
    const { socket } = this;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.reject(connectionLost());
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as (reply: unknown) => void, reject });
      socket.send(JSON.stringify({ id, name, payload: request }));
    });
  }

  async openChannel(machineId: string, kind: 'display' | 'serial1' | 'serial2'): Promise<BulkChannel> {
    const { channel } = await this.request('channel.open', { id: machineId, kind });
    const socket = new WebSocket(urlOf(`${CHANNEL_PATH}?id=${channel}`));
    socket.binaryType = 'arraybuffer';
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(connectionLost());
    });
    return new WebSocketChannel(socket);
  }

  onEvent(listener: (event: HostEvent) => void): () => void {
    this.eventListeners.add(listener);
    return () => this.eventListeners.delete(listener);
  }

  onConnection(listener: (connected: boolean) => void): () => void {
    this.connectionListeners.add(listener);
    return () => this.connectionListeners.delete(listener);
  }

  private connect(onOpen: () => void, onFail: () => void): void {
    const socket = new WebSocket(urlOf(CONTROL_PATH));
    this.socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.attempts = 0;
      onOpen();
    };
    socket.onmessage = (message) => this.receive(String(message.data));
    socket.onclose = () => {
      if (opened) this.lost();
      else onFail();
    };
  }

  private lost(): void {
    this.pending.forEach((call) => call.reject(connectionLost()));
    this.pending.clear();
    this.connectionListeners.forEach((listener) => listener(false));
    this.retry();
  }

  private retry(): void {
    const pause = RECONNECT_MS[Math.min(this.attempts++, RECONNECT_MS.length - 1)]!;
    setTimeout(() => {
      this.connect(
        () => this.connectionListeners.forEach((listener) => listener(true)),
        () => this.retry(),
      );
    }, pause);
  }

  private receive(text: string): void {
    const message = serverMessageSchema.parse(JSON.parse(text));
    if ('event' in message) return this.eventListeners.forEach((listener) => listener(message.event));
    const call = this.pending.get(message.id);
    this.pending.delete(message.id);
    if ('error' in message) call?.reject(AnnexError.fromWire(message.error));
    else call?.resolve(message.reply);
  }
}

/** Messages that arrive before a listener wait for it. */
class WebSocketChannel implements BulkChannel {
  private waiting: Uint8Array[] = [];
  private listener: ((data: Uint8Array) => void) | undefined;

  constructor(private readonly socket: WebSocket) {
    socket.onmessage = ({ data }) => this.deliver(new Uint8Array(data as ArrayBuffer));
  }

  onMessage(listener: (data: Uint8Array) => void): void {
    this.listener = listener;
    this.waiting.splice(0).forEach(listener);
  }

  onClose(listener: () => void): void {
    if (this.socket.readyState >= WebSocket.CLOSING) listener();
    else this.socket.addEventListener('close', listener);
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(data);
  }

  close(): void {
    this.socket.close();
  }

  private deliver(data: Uint8Array): void {
    if (this.listener) this.listener(data);
    else this.waiting.push(data);
  }
}

function urlOf(path: string): string {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.hash = '';
  return url.href;
}

function unauthorized(): AnnexError {
  return new AnnexError('unauthorized', 'This page was not opened with a valid link. Use the address that "annex serve" shows.'); // prettier-ignore
}

function connectionLost(): AnnexError {
  return new AnnexError('io-error', 'The connection to Annex was lost. It is tried again by itself.');
}
