import type { Socket } from 'node:net';
import type { BulkChannel } from '../../shared/contract/client.js';
import { lengthPrefix, MessageSplitter } from '../../shared/vm-process/bulk-framing.js';

/** A bulk channel over a local socket or named pipe, length-prefixed. Messages that arrive before a listener wait for it. */
export class SocketChannel implements BulkChannel {
  private listener: ((data: Uint8Array) => void) | undefined;
  private waiting: Uint8Array[] = [];
  private readonly closeListeners: (() => void)[] = [];

  constructor(private readonly socket: Socket) {
    const splitter = new MessageSplitter((message) => this.deliver(message));
    socket.on('data', (chunk: Buffer) => {
      try {
        splitter.push(chunk);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.closeListeners.forEach((listener) => listener()));
  }

  /** Bytes given to {@link send} that have not left this process. */
  get bufferedBytes(): number {
    return this.socket.writableLength;
  }

  onMessage(listener: (data: Uint8Array) => void): void {
    this.listener = listener;
    const waiting = this.waiting;
    this.waiting = [];
    waiting.forEach(listener);
  }

  onClose(listener: () => void): void {
    if (this.socket.closed) listener();
    else this.closeListeners.push(listener);
  }

  /** @param data must not be changed afterwards: it is sent without a copy */
  send(data: Uint8Array): void {
    if (this.socket.destroyed) return;
    this.socket.cork();
    this.socket.write(lengthPrefix(data.length));
    this.socket.write(data);
    this.socket.uncork();
  }

  /** What was sent still goes out. */
  close(): void {
    this.socket.end();
    this.socket.resume();
  }

  private deliver(message: Uint8Array): void {
    if (this.listener) this.listener(message);
    else this.waiting.push(message);
  }
}
