import { defineStore } from 'pinia';
import { shallowRef } from 'vue';
import type { HostFacts } from '../../shared/contract/host-view.js';
import { useClient } from '../client/client-context.js';

const REFRESH_MS = 5000;

/** Facts of the host (memory, disk, engine, firmware), refreshed while the page is looked at. */
export const useHostStore = defineStore('host', () => {
  const client = useClient();
  const facts = shallowRef<HostFacts | null>(null);
  const connected = shallowRef(true);

  async function refresh(): Promise<void> {
    facts.value = await client.request('host.facts', {});
  }

  /** Refreshes every few seconds until the returned function is called. */
  function follow(): () => void {
    const timer = setInterval(() => {
      if (connected.value && document.visibilityState === 'visible') void refresh().catch(() => undefined);
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }

  client.onConnection((up) => (connected.value = up));
  return { facts, connected, refresh, follow };
});
