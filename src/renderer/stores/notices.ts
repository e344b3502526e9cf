import { defineStore } from 'pinia';
import { shallowRef } from 'vue';
import type { WireError } from '../../shared/contract/errors.js';
import { useClient } from '../client/client-context.js';
import { toWireError } from '../composables/errors.js';

/** A problem that belongs to no dialog, shown inline above the page it is about. */
export interface Problem {
  readonly id: number;
  readonly machineId: string | null;
  readonly error: WireError;
}

const TOAST_MS = 4000;

/** Problems with their sentence and action, and short confirmations. */
export const useNoticesStore = defineStore('notices', () => {
  const problems = shallowRef<readonly Problem[]>([]);
  const toast = shallowRef<string | null>(null);
  let nextId = 1;
  let toastTimer: ReturnType<typeof setTimeout> | undefined;

  function report(thrown: unknown, machineId: string | null = null): void {
    const error = toWireError(thrown);
    if (error.code === 'cancelled') return;
    add(error, machineId);
  }

  function add(error: WireError, machineId: string | null): void {
    const others = problems.value.filter((p) => p.machineId !== machineId || p.error.code !== error.code);
    problems.value = [...others, { id: nextId++, machineId, error }];
  }

  function dismiss(id: number): void {
    problems.value = problems.value.filter((problem) => problem.id !== id);
  }

  function clearFor(machineId: string): void {
    problems.value = problems.value.filter((problem) => problem.machineId !== machineId);
  }

  function say(text: string): void {
    toast.value = text;
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => (toast.value = null), TOAST_MS);
  }

  /** Runs a request; a failure becomes a problem. Answers whether it succeeded. */
  async function attempt(work: () => Promise<unknown>, machineId: string | null = null): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      report(thrown, machineId);
      return false;
    }
  }

  useClient().onEvent((event) => {
    if (event.type === 'notice') add(event.error, event.machineId);
  });

  return { problems, toast, report, dismiss, clearFor, say, attempt };
});
