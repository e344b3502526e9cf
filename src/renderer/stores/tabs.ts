import { useLocalStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed, shallowReactive, watch } from 'vue';
import { isOn } from '../composables/power.js';
import { useLibraryStore } from './library.js';

export const MACHINE_VIEWS = ['console', 'summary', 'snapshots', 'monitor'] as const;
export type MachineViewName = (typeof MACHINE_VIEWS)[number];

/** Open tabs, each belonging to a machine, and the view each one shows. */
export const useTabsStore = defineStore('tabs', () => {
  const library = useLibraryStore();
  const order = useLocalStorage<string[]>('annex.tabs', []);
  const views = shallowReactive(new Map<string, MachineViewName>());
  const open = computed(() => order.value.filter((id) => library.machines.has(id)));

  function add(machineId: string): void {
    if (!order.value.includes(machineId)) order.value = [...order.value, machineId];
  }

  /** Answers the tab to show instead: the next one, the one before, or none. */
  function close(machineId: string): string | null {
    const at = open.value.indexOf(machineId);
    const neighbour = open.value[at + 1] ?? open.value[at - 1] ?? null;
    order.value = order.value.filter((id) => id !== machineId);
    views.delete(machineId);
    return neighbour;
  }

  function move(machineId: string, before: string | null): void {
    const others = order.value.filter((id) => id !== machineId);
    const at = before === null ? others.length : others.indexOf(before);
    order.value = [...others.slice(0, at), machineId, ...others.slice(at)];
  }

  /** A stopped machine opens on its summary, a running one on its console. */
  function viewOf(machineId: string): MachineViewName {
    const chosen = views.get(machineId);
    if (chosen) return chosen;
    const machine = library.machines.get(machineId);
    return machine && isOn(machine.state) ? 'console' : 'summary';
  }

  function choose(machineId: string, view: MachineViewName): void {
    views.set(machineId, view);
  }

  // A start shows the console and an end the summary, whatever was chosen before.
  const power = new Map<string, boolean>();
  watch(
    () => library.all.map((machine) => [machine.config.id, isOn(machine.state)] as const),
    (states) => {
      for (const [id, on] of states) {
        if (power.has(id) && power.get(id) !== on && (on || views.get(id) === 'console')) views.delete(id);
        power.set(id, on);
      }
    },
    { immediate: true, flush: 'sync' },
  );

  return { order, open, add, close, move, viewOf, choose };
});
