import { defineStore } from 'pinia';
import { computed, shallowReactive, shallowRef } from 'vue';
import type { HostEvent } from '../../shared/contract/events.js';
import type { MachineDraft, MachinePatch } from '../../shared/contract/commands.js';
import type { BrokenMachine, MachineView } from '../../shared/contract/machine-view.js';
import { useClient } from '../client/client-context.js';
import { isOn } from '../composables/power.js';

/** Every machine of the library, kept current by events. */
export const useLibraryStore = defineStore('library', () => {
  const client = useClient();
  const machines = shallowReactive(new Map<string, MachineView>());
  const broken = shallowRef<readonly BrokenMachine[]>([]);
  const emptyFolders = shallowRef<readonly string[]>([]);
  const loaded = shallowRef(false);

  const all = computed(() => [...machines.values()]);
  const machinesOn = computed(() => all.value.filter((machine) => isOn(machine.state)));

  /** Folders that machines name, and those kept although empty, with every parent of theirs. */
  const folders = computed(() => {
    const found = new Set<string>();
    for (const path of [...emptyFolders.value, ...all.value.map((machine) => machine.config.folder)]) {
      const parts = path.split('/').filter((part) => part !== '');
      parts.forEach((_, depth) => found.add(parts.slice(0, depth + 1).join('/')));
    }
    return [...found].sort((a, b) => a.localeCompare(b));
  });

  function keep(machine: MachineView): MachineView {
    machines.set(machine.config.id, machine);
    return machine;
  }

  async function load(): Promise<void> {
    const list = await client.request('library.list', {});
    const listed = new Set(list.machines.map((machine) => machine.config.id));
    for (const id of machines.keys()) if (!listed.has(id)) machines.delete(id);
    list.machines.forEach(keep);
    broken.value = list.broken;
    emptyFolders.value = list.folders;
    loaded.value = true;
  }

  const create = async (draft: MachineDraft) => keep(await client.request('machine.create', { draft }));
  const edit = async (id: string, patch: MachinePatch) => keep(await client.request('machine.edit', { id, patch }));

  async function remove(id: string): Promise<void> {
    await client.request('machine.delete', { id });
    machines.delete(id);
  }

  async function setFolders(next: readonly string[]): Promise<void> {
    emptyFolders.value = next;
    await client.request('library.setFolders', { folders: [...next] });
  }

  /** Renames a folder, or removes it when `to` is empty: its machines and subfolders follow. */
  async function moveFolder(from: string, to: string): Promise<void> {
    const moved = (path: string) => {
      if (path !== from && !path.startsWith(`${from}/`)) return path;
      return `${to}${path.slice(from.length)}`.replace(/^\//, '');
    };
    const touched = all.value.filter((machine) => moved(machine.config.folder) !== machine.config.folder);
    for (const machine of touched) await edit(machine.config.id, { folder: moved(machine.config.folder) });
    await setFolders([...new Set(emptyFolders.value.map(moved))].filter((path) => path !== ''));
  }

  function onEvent(event: HostEvent): void {
    if (event.type === 'machine-changed') keep(event.machine);
    else if (event.type === 'machine-removed') machines.delete(event.id);
    else if (event.type === 'broken-machines') broken.value = event.broken;
  }

  client.onEvent(onEvent);
  client.onConnection((connected) => {
    if (connected) void load();
  });

  return {
    machines,
    broken,
    folders,
    emptyFolders,
    loaded,
    all,
    machinesOn,
    load,
    create,
    edit,
    remove,
    setFolders,
    moveFolder,
  };
});
