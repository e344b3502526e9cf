import { timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { BulkChannel } from '../../../shared/contract/client.js';
import { bulkHelloSchema, type BulkHello } from '../../../shared/vm-process/bulk-hello.js';
import type { ChannelKind } from '../../../shared/vm-process/protocol.js';
import { SocketChannel } from '../../node/socket-channel.js';

/** Longest a caller may take to say hello, in ms. */
const HELLO_TIMEOUT_MS = 5000;

/** Takes bulk channels for one machine on a local socket or named pipe. */
export class BulkServer {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(
    private readonly secret: string,
    private readonly onChannel: (kind: ChannelKind, channel: BulkChannel) => void,
  ) {
    this.server = createServer((socket) => this.greet(socket));
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(path, () => resolve());
    });
  }

  close(): void {
    this.server.close();
    this.sockets.forEach((socket) => socket.destroy());
  }

  private greet(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    const timeout = setTimeout(() => socket.destroy(), HELLO_TIMEOUT_MS);
    const channel = new SocketChannel(socket);
    channel.onClose(() => clearTimeout(timeout));
    channel.onMessage((message) => {
      clearTimeout(timeout);
      const hello = this.readHello(message);
      channel.onMessage(() => {});
      if (hello) this.onChannel(hello.kind, channel);
      else socket.destroy();
    });
  }

  private readHello(message: Uint8Array): BulkHello | undefined {
    try {
      const hello = bulkHelloSchema.parse(JSON.parse(new TextDecoder().decode(message)));
      return this.knowsSecret(hello.secret) ? hello : undefined;
    } catch {
      return undefined;
    }
  }

  private knowsSecret(given: string): boolean {
    const [a, b] = [Buffer.from(given), Buffer.from(this.secret)];
    return a.length === b.length && timingSafeEqual(a, b);
  }
}
