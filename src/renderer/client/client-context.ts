import { inject, type InjectionKey } from 'vue';
import type { AnnexClient } from '../../shared/contract/client.js';

export const clientKey: InjectionKey<AnnexClient> = Symbol('client');

/** The client of this page; works in components and in stores. */
export function useClient(): AnnexClient {
  const client = inject(clientKey);
  if (!client) throw new Error('no client was provided to the application');
  return client;
}
