import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClient } from '../client/fake/fake-client.js';
import { fakeSample } from '../client/fake/fake-metrics.js';
import { withStores } from '../testing/with-stores.js';
import { useLibraryStore } from './library.js';
import { HISTORY_MS, useMetricsStore } from './metrics.js';

describe('metrics store', () => {
  let client: FakeClient;
  let metrics: ReturnType<typeof useMetricsStore>;
  let id: string;

  beforeEach(async () => {
    client = new FakeClient({ now: 0 });
    await withStores(client, async () => {
      metrics = useMetricsStore();
      await useLibraryStore().load();
    });
    id = [...client.machines.values()].find((machine) => machine.state === 'running')!.config.id;
  });

  const sample = (at: number) => client.emit({ type: 'metrics', metrics: fakeSample(client.machines.get(id)!, at) });

  it('keeps an hour', () => {
    sample(0);
    sample(1000);
    sample(HISTORY_MS + 500);
    expect(metrics.history(id).map((one) => one.at)).toEqual([1000, HISTORY_MS + 500]);
  });

  it('begins anew when the machine starts again', () => {
    sample(5000);
    client.update(id, { startedAt: 6000 });
    sample(7000);
    expect(metrics.history(id).map((one) => one.at)).toEqual([7000]);
  });

  it('shows no load of a machine that does not run', () => {
    sample(1000);
    expect(metrics.load(id)).toBeGreaterThan(0);
    client.update(id, { state: 'paused' });
    expect(metrics.load(id)).toBeNull();
  });
});
