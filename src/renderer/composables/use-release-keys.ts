import { computed, type ComputedRef } from 'vue';
import { useSettingsStore } from '../stores/settings.js';
import type { Settings } from '../stores/settings-schema.js';

/** `KeyboardEvent.key` names, or a `code` where only one side of the keyboard counts. */
const CHORDS: Readonly<Record<Settings['releaseKeys'], { readonly keys: readonly string[]; readonly label: string }>> =
  {
    'ctrl-alt': { keys: ['Control', 'Alt'], label: 'Ctrl+Alt' },
    'ctrl-shift': { keys: ['Control', 'Shift'], label: 'Ctrl+Shift' },
    'right-ctrl': { keys: ['ControlRight'], label: 'Right Ctrl' },
  };

export interface ReleaseKeys {
  readonly keys: ComputedRef<readonly string[]>;
  readonly label: ComputedRef<string>;
}

/** The chord that gives keyboard and mouse back to the host, as set in the preferences. */
export function useReleaseKeys(): ReleaseKeys {
  const settings = useSettingsStore();
  const chord = computed(() => CHORDS[settings.values.releaseKeys]);
  return { keys: computed(() => chord.value.keys), label: computed(() => chord.value.label) };
}
