import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClient } from '../client/fake/fake-client.js';
import { withStores } from '../testing/with-stores.js';
import { useLibraryStore } from './library.js';

describe('library store', () => {
  let client: FakeClient;
  let library: ReturnType<typeof useLibraryStore>;
  const named = (name: string) => library.all.find((machine) => machine.config.name === name)!;

  beforeEach(async () => {
    client = new FakeClient();
    library = withStores(client, () => useLibraryStore());
    await library.load();
  });

  it('lists folders of machines, their parents, and empty ones', () => {
    expect(library.folders).toEqual(['Customers', 'Customers/Northwind', 'Lab', 'Teaching', 'Templates']);
  });

  it('follows what happens elsewhere', () => {
    const { id } = named('freebsd-14').config;
    client.update(id, { state: 'running' });
    expect(library.machines.get(id)?.state).toBe('running');
    client.emit({ type: 'machine-removed', id });
    expect(library.machines.has(id)).toBe(false);
  });

  it('forgets machines that are gone when it loads again', async () => {
    const { id } = named('memtest86').config;
    client.machines.delete(id);
    await library.load();
    expect(library.machines.has(id)).toBe(false);
  });

  it('renames a folder with its machines and subfolders', async () => {
    await library.moveFolder('Customers', 'Clients');
    expect(named('contoso-sso').config.folder).toBe('Clients');
    expect(named('win10-ltsc-qa').config.folder).toBe('Clients/Northwind');
    expect(library.folders).toContain('Clients/Northwind');
    expect(library.folders).not.toContain('Customers');
  });

  it('lets machines out of a folder that is removed', async () => {
    await library.moveFolder('Lab', '');
    expect(named('freebsd-14').config.folder).toBe('');
    expect(library.folders).not.toContain('Lab');
  });
});
