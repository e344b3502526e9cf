import { createPinia } from 'pinia';
import { createApp } from 'vue';
import type { AnnexClient } from '../../shared/contract/client.js';
import { clientKey } from '../client/client-context.js';

/** Runs `use` where stores and injections work, as inside an application with this client. */
export function withStores<T>(client: AnnexClient, use: () => T): T {
  const app = createApp({ render: () => null });
  app.provide(clientKey, client).use(createPinia());
  return app.runWithContext(use);
}
