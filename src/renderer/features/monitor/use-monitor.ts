import { defineStore } from 'pinia';
import { ref } from 'vue';

export const RANGES = { '1': 60_000, '5': 300_000, '60': 3_600_000 } as const;
export type Range = keyof typeof RANGES;

/** What the toolbar of the monitor sets and its charts follow. */
export const useMonitor = defineStore('monitor', () => {
  const range = ref<Range>('5');
  /** Moment the charts are held at, or null while they move. */
  const heldAt = ref<number | null>(null);

  return { range, heldAt };
});
