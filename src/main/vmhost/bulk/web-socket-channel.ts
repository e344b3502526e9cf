import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import type { BulkChannel } from '../../../shared/contract/client.js';

/** Longest message a client may send on a channel: acknowledgements, and what is pasted into a serial line. */
const MAX_PAYLOAD_BYTES = 1 << 20;

const acceptor = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: MAX_PAYLOAD_BYTES,
});

/**
 * Makes a client's connection a bulk channel. Whoever handed it over has read the client's request and let it in;
 * what is left to do is to answer it (RFC 6455, section 4.2.2).
 * @param key `Sec-WebSocket-Key` of the request; an invalid one is answered with status 400
 */
export function acceptWebSocket(socket: Socket, key: string, onChannel: (channel: BulkChannel) => void): void {
  socket.on('error', () => socket.destroy());
  const headers = { 'upgrade': 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': key };
  acceptor.handleUpgrade({ method: 'GET', headers } as unknown as IncomingMessage, socket, Buffer.alloc(0), (client) =>
    onChannel(new WebSocketChannel(client)),
  );
}

/** A bulk channel straight to a browser or the command line. */
class WebSocketChannel implements BulkChannel {
  constructor(private readonly socket: WebSocket) {
    socket.on('error', () => socket.terminate());
  }

  /** Bytes given to {@link send} that have not left this process. */
  get bufferedBytes(): number {
    return this.socket.bufferedAmount;
  }

  onMessage(listener: (data: Uint8Array) => void): void {
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) listener(data);
    });
  }

  onClose(listener: () => void): void {
    this.socket.on('close', listener);
  }

  /** @param data must not be changed before it has arrived: it is sent without a copy */
  send(data: Uint8Array): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(data, { binary: true }, () => {});
  }

  close(): void {
    this.socket.close();
  }
}
