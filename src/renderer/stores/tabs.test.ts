import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClient } from '../client/fake/fake-client.js';
import { withStores } from '../testing/with-stores.js';
import { useLibraryStore } from './library.js';
import { useTabsStore } from './tabs.js';

describe('tabs store', () => {
  let client: FakeClient;
  let tabs: ReturnType<typeof useTabsStore>;
  let ids: string[];

  beforeEach(async () => {
    client = new FakeClient();
    await withStores(client, async () => {
      tabs = useTabsStore();
      await useLibraryStore().load();
    });
    ids = [...client.machines.keys()];
    tabs.order = [];
  });

  const stopped = () => [...client.machines.values()].find((machine) => machine.state === 'stopped')!.config.id;

  it('goes to the next tab when one closes, else to the one before', () => {
    const [a, b, c] = ids as [string, string, string];
    for (const id of [a, b, c]) tabs.add(id);
    expect(tabs.close(b)).toBe(c);
    expect(tabs.close(c)).toBe(a);
    expect(tabs.close(a)).toBeNull();
  });

  it('moves a tab before another or to the end', () => {
    const [a, b, c] = ids as [string, string, string];
    for (const id of [a, b, c]) tabs.add(id);
    tabs.move(c, a);
    expect(tabs.open).toEqual([c, a, b]);
    tabs.move(c, null);
    expect(tabs.open).toEqual([a, b, c]);
  });

  it('shows a stopped machine on its summary, and the console once it starts', () => {
    const id = stopped();
    expect(tabs.viewOf(id)).toBe('summary');
    tabs.choose(id, 'summary');
    client.update(id, { state: 'starting' });
    expect(tabs.viewOf(id)).toBe('console');
    tabs.choose(id, 'console');
    client.update(id, { state: 'stopped' });
    expect(tabs.viewOf(id)).toBe('summary');
  });

  it('keeps the monitor when the machine ends', () => {
    const id = stopped();
    client.update(id, { state: 'running' });
    tabs.choose(id, 'monitor');
    client.update(id, { state: 'crashed' });
    expect(tabs.viewOf(id)).toBe('monitor');
  });

  it('drops tabs of machines that are gone', () => {
    const [a, b] = ids as [string, string];
    tabs.add(a);
    tabs.add(b);
    client.emit({ type: 'machine-removed', id: a });
    expect(tabs.open).toEqual([b]);
  });
});
