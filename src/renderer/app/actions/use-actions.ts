import { inject, type InjectionKey } from 'vue';
import type { Action } from './action.js';

/** Every action of the window, by id. */
export type Actions = ReadonlyMap<string, Action>;
export const actionsKey: InjectionKey<Actions> = Symbol('actions');

export function useActions(): Actions {
  const actions = inject(actionsKey);
  if (!actions) throw new Error('useActions needs the root component above it');
  return actions;
}
