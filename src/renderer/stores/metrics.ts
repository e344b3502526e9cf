import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';
import type { MachineMetrics } from '../../shared/contract/machine-view.js';
import { useClient } from '../client/client-context.js';
import { isOn } from '../composables/power.js';
import { useLibraryStore } from './library.js';

/** Longest range a chart shows, in milliseconds. */
export const HISTORY_MS = 3_600_000;

/** Samples of running machines; a machine's history begins anew with each start. */
export const useMetricsStore = defineStore('metrics', () => {
  const client = useClient();
  const library = useLibraryStore();
  const latest = shallowReactive(new Map<string, MachineMetrics>());
  const histories = new Map<string, MachineMetrics[]>();

  function history(machineId: string): readonly MachineMetrics[] {
    return histories.get(machineId) ?? [];
  }

  function forget(machineId: string): void {
    latest.delete(machineId);
    histories.delete(machineId);
  }

  function record(sample: MachineMetrics): void {
    const samples = histories.get(sample.machineId) ?? [];
    const restarted = samples.length > 0 && sample.uptimeSeconds < samples.at(-1)!.uptimeSeconds;
    const kept = restarted ? [] : samples;
    kept.push(sample);
    const oldest = sample.at - HISTORY_MS;
    if (kept[0]!.at < oldest)
      kept.splice(
        0,
        kept.findIndex((s) => s.at >= oldest),
      );
    histories.set(sample.machineId, kept);
    latest.set(sample.machineId, sample);
  }

  /** Tells the host to sample every second until the returned function is called. */
  function watch(machineId: string): () => void {
    const tell = (watching: boolean) =>
      void client.request('machine.watch', { id: machineId, watching }).catch(() => undefined);
    tell(true);
    return () => tell(false);
  }

  client.onEvent((event) => {
    if (event.type === 'metrics') record(event.metrics);
    else if (event.type === 'machine-removed') forget(event.id);
    else if (event.type === 'machine-changed') {
      const { state, config } = event.machine;
      if (!isOn(state)) latest.delete(config.id);
      if (state === 'starting') forget(config.id);
    }
  });

  /** The load shown beside a machine's name, 0…1, or null when it is not running. */
  function load(machineId: string): number | null {
    const running = library.machines.get(machineId)?.state === 'running';
    return running ? (latest.get(machineId)?.cpuLoad ?? null) : null;
  }

  return { latest, history, watch, load };
});
