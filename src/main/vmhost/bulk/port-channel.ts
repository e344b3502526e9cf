import type { BulkChannel } from '../../../shared/contract/client.js';

/** A MessagePort as Electron transfers it to a utility process. */
export interface TransferredPort {
  on(event: 'message', listener: (event: { data: unknown }) => void): void;
  on(event: 'close', listener: () => void): void;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

/** A bulk channel straight to the renderer. */
export class PortChannel implements BulkChannel {
  constructor(private readonly port: TransferredPort) {}

  onMessage(listener: (data: Uint8Array) => void): void {
    this.port.on('message', ({ data }) => {
      if (data instanceof Uint8Array) listener(data);
    });
    this.port.start();
  }

  onClose(listener: () => void): void {
    this.port.on('close', listener);
  }

  /** A view is sent with all of the buffer it is part of, so a part is copied out first. */
  send(data: Uint8Array): void {
    this.port.postMessage(data.length === data.buffer.byteLength ? data : data.slice());
  }

  /** A port's far end may not notice that it was closed, so it is told by a null message. */
  close(): void {
    this.port.postMessage(null);
    this.port.close();
  }
}
