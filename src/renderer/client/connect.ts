import type { AnnexClient } from '../../shared/contract/client.js';

/** Chooses the transport of this page. `vite --mode fake` works without a host. */
export async function connect(): Promise<AnnexClient> {
  if (import.meta.env.MODE === 'fake') {
    const { startFakeHost } = await import('./fake/start-fake-host.js');
    return startFakeHost();
  }
  throw new Error('no transport');
}
