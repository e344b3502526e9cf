import type { AnnexClient } from '../../shared/contract/client.js';
import { connectBridge } from './bridge-client.js';

/** Chooses the transport of this page: the bridge of the desktop window, or the socket of the server it came from. */
export async function connect(): Promise<AnnexClient> {
  if (import.meta.env.MODE === 'fake') {
    const { startFakeHost } = await import('./fake/start-fake-host.js');
    return startFakeHost();
  }
  const bridged = connectBridge();
  if (bridged) return bridged;
  const { connectWebSocket } = await import('./websocket-client.js');
  return connectWebSocket();
}
