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

  send(data: Uint8Array): void {
    this.port.postMessage(data);
  }

  /** A port's far end may not notice that it was closed, so it is told by a null message. */
  close(): void {
    this.port.postMessage(null);
    this.port.close();
  }
}
