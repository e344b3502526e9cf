import type { AnnexClient } from '../../../shared/contract/client.js';
import { FakeClient } from './fake-client.js';

/**
 * The fake host for `vite --mode fake`. `?empty` gives a first run; `?theme=` and `?language=` set what the page shows;
 * an hour of samples is there from the start.
 */
export function startFakeHost(): AnnexClient {
  const query = new URLSearchParams(location.search);
  const settings = Object.fromEntries([...query].filter(([key]) => key !== 'empty'));
  const client = new FakeClient({ empty: query.has('empty'), settings });
  const now = Date.now();
  for (let ago = 330; ago > 0; ago--) setTimeout(() => client.tick(now - ago * 1000), 300);
  setInterval(() => client.tick(), 1000);
  return client;
}
