import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';
import type { SnapshotTreeView, SnapshotView } from '../../shared/contract/snapshot-view.js';
import { useClient } from '../client/client-context.js';

/** Snapshot trees of the machines that have been looked at, kept current by events, and pictures of snapshots. */
export const useSnapshotsStore = defineStore('snapshots', () => {
  const client = useClient();
  const trees = shallowReactive(new Map<string, SnapshotTreeView>());
  /** Data URLs by snapshot id. A picture never changes. */
  const pictures = shallowReactive(new Map<string, string>());
  const asked = new Set<string>();

  async function load(machineId: string): Promise<void> {
    trees.set(machineId, await client.request('snapshot.tree', { id: machineId }));
  }

  async function fetchPicture(machineId: string, { id, hasThumbnail }: SnapshotView): Promise<void> {
    if (!hasThumbnail || asked.has(id)) return;
    asked.add(id);
    try {
      const { png } = await client.request('snapshot.thumbnail', { id: machineId, snapshotId: id });
      if (png !== null) pictures.set(id, `data:image/png;base64,${png}`);
    } catch {
      // The snapshot may be gone already; the row shows its outline.
      asked.delete(id);
    }
  }

  client.onEvent((event) => {
    if (event.type === 'snapshots-changed') trees.set(event.tree.machineId, event.tree);
    else if (event.type === 'machine-removed') trees.delete(event.id);
  });
  client.onConnection((connected) => {
    if (connected) for (const machineId of trees.keys()) void load(machineId).catch(() => trees.delete(machineId));
  });

  return { trees, pictures, load, fetchPicture };
});
