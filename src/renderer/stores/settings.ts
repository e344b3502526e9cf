import { defineStore } from 'pinia';
import { reactive } from 'vue';
import { useClient } from '../client/client-context.js';
import { DEFAULT_SETTINGS, parseSettings, type Settings } from './settings-schema.js';

/** Settings of the interface, kept by the host so that every window agrees. */
export const useSettingsStore = defineStore('settings', () => {
  const client = useClient();
  const values = reactive<Settings>({ ...DEFAULT_SETTINGS });

  async function load(): Promise<void> {
    const { settings } = await client.request('settings.get', {});
    Object.assign(values, parseSettings(settings));
  }

  /** Applies at once; the host's event confirms it. */
  async function set(patch: Partial<Settings>): Promise<void> {
    Object.assign(values, patch);
    await client.request('settings.set', { patch });
  }

  client.onEvent((event) => {
    if (event.type === 'settings-changed') Object.assign(values, parseSettings(event.settings));
  });

  return { values, load, set };
});
