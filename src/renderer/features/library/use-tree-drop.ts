import { ref, type Ref } from 'vue';
import { useLibraryStore } from '../../stores/library.js';
import { useNoticesStore } from '../../stores/notices.js';
import { folderKey, type TreeRow } from './tree-rows.js';

const DRAG_TYPE = 'application/x-annex-row';

export interface TreeDrop {
  /** Folder under the pointer, empty for none; null when nothing of ours is dragged. */
  readonly target: Readonly<Ref<string | null>>;
  start(event: DragEvent, row: TreeRow): void;
  over(event: DragEvent, folder: string): void;
  take(event: DragEvent, folder: string): void;
}

/** Dragging machines and folders to folders. */
export function useTreeDrop(): TreeDrop {
  const library = useLibraryStore();
  const notices = useNoticesStore();
  const target = ref<string | null>(null);
  const end = () => (target.value = null);

  function start(event: DragEvent, row: TreeRow): void {
    event.dataTransfer?.setData(DRAG_TYPE, row.key);
    if (event.dataTransfer) event.dataTransfer.effectAllowed = 'move';
    event.target?.addEventListener('dragend', end, { once: true });
  }

  function over(event: DragEvent, folder: string): void {
    if (!event.dataTransfer?.types.includes(DRAG_TYPE)) return;
    event.preventDefault();
    target.value = folder;
  }

  function take(event: DragEvent, folder: string): void {
    const key = event.dataTransfer?.getData(DRAG_TYPE);
    if (!key) return;
    event.preventDefault();
    end();
    void notices.attempt(() => move(key, folder));
  }

  async function move(key: string, folder: string): Promise<void> {
    if (!key.startsWith(folderKey(''))) {
      if (library.machines.get(key)?.config.folder !== folder) await library.edit(key, { folder });
      return;
    }
    const path = key.slice(folderKey('').length);
    if (folder === path || folder.startsWith(`${path}/`)) return;
    const name = path.split('/').at(-1)!;
    await library.moveFolder(path, folder === '' ? name : `${folder}/${name}`);
  }

  return { target, start, over, take };
}
