import { computed, type ComputedRef } from 'vue';
import { useRoute } from 'vue-router';
import type { MachineView } from '../../shared/contract/machine-view.js';
import { useLibraryStore } from '../stores/library.js';

/** The machine whose tab is shown, or null on Home. */
export function useCurrentMachine(): ComputedRef<MachineView | null> {
  const route = useRoute();
  const library = useLibraryStore();
  return computed(() => {
    const id = route.params['id'];
    return typeof id === 'string' ? (library.machines.get(id) ?? null) : null;
  });
}
