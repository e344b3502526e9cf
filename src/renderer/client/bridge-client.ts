import type { AnnexBridge, BridgePortMessage } from '../../shared/contract/bridge.js';
import type { AnnexClient, BulkChannel } from '../../shared/contract/client.js';
import { AnnexError } from '../../shared/contract/errors.js';

/** The client over Electron's preload bridge, or `undefined` where the page was not opened by the desktop app. */
export function connectBridge(): AnnexClient | undefined {
  const bridge = (window as { annex?: AnnexBridge }).annex;
  return bridge && createBridgeClient(bridge);
}

function createBridgeClient(bridge: AnnexBridge): AnnexClient {
  const ports = new ChannelPorts();
  const request: AnnexClient['request'] = async (name, payload) => {
    const answer = await bridge.request(name, payload);
    if (!answer.ok) throw AnnexError.fromWire(answer.error);
    return answer.reply as never;
  };
  return {
    request,
    async openChannel(id, kind) {
      const { channel } = await request('channel.open', { id, kind });
      return portChannel(
        await ports.take(channel),
        () => void request('channel.close', { channel }).catch(() => undefined),
      );
    },
    onEvent: (listener) => bridge.onEvent(listener),
    // The main process and its window live and die together.
    onConnection: () => () => undefined,
  };
}

/** Pairs a channel's number with its port, whichever arrives first. */
class ChannelPorts {
  private readonly arrived = new Map<number, MessagePort>();
  private readonly awaited = new Map<number, (port: MessagePort) => void>();

  constructor() {
    window.addEventListener('message', (event: MessageEvent<Partial<BridgePortMessage> | null>) => {
      const channel = event.data?.annexChannel;
      const port = event.ports[0];
      if (event.source !== window || typeof channel !== 'number' || !port) return;
      const waiter = this.awaited.get(channel);
      this.awaited.delete(channel);
      if (waiter) waiter(port);
      else this.arrived.set(channel, port);
    });
  }

  take(channel: number): Promise<MessagePort> {
    const port = this.arrived.get(channel);
    this.arrived.delete(channel);
    return port ? Promise.resolve(port) : new Promise((resolve) => this.awaited.set(channel, resolve));
  }
}

/** A message of `null` says that the other end is gone; a port has no event of its own for it in every runtime. */
function portChannel(port: MessagePort, onClosed: () => void): BulkChannel {
  const closeListeners = new Set<() => void>();
  const messageListeners = new Set<(data: Uint8Array) => void>();
  port.onmessage = ({ data }: MessageEvent<Uint8Array | null>) => {
    if (data === null) for (const listener of closeListeners) listener();
    else for (const listener of messageListeners) listener(data);
  };
  return {
    onMessage: (listener) => void messageListeners.add(listener),
    onClose: (listener) => void closeListeners.add(listener),
    send: (data) => port.postMessage(data),
    close() {
      port.close();
      onClosed();
    },
  };
}
