import { defineStore } from 'pinia';
import { shallowReactive, watch } from 'vue';
import { useClient } from '../client/client-context.js';
import { useLibraryStore } from './library.js';

/** Last screens of machines as data URLs, fetched when the host says there is a newer one. */
export const useThumbnailsStore = defineStore('thumbnails', () => {
  const client = useClient();
  const library = useLibraryStore();
  const pictures = shallowReactive(new Map<string, string>());
  const versions = new Map<string, number>();

  async function fetchPicture(id: string, version: number): Promise<void> {
    versions.set(id, version);
    try {
      const { png } = await client.request('machine.thumbnail', { id });
      if (png !== null) pictures.set(id, `data:image/png;base64,${png}`);
    } catch {
      versions.delete(id);
    }
  }

  watch(
    () => library.all.map((machine) => [machine.config.id, machine.thumbnailVersion] as const),
    (wanted) => {
      for (const [id, version] of wanted)
        if (version !== null && versions.get(id) !== version) void fetchPicture(id, version);
    },
    { immediate: true },
  );

  return { pictures };
});
