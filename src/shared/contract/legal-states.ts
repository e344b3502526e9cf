import type { PowerState } from './machine-view.js';

/** Without a process: nothing of the machine is in use. */
export const OFF = ['stopped', 'crashed'] as const satisfies readonly PowerState[];
/** Without a process, a saved state included. */
export const AT_REST = ['stopped', 'crashed', 'suspended'] as const satisfies readonly PowerState[];
/** With a guest in memory that can be asked for things. */
export const LIVE = ['running', 'paused'] as const satisfies readonly PowerState[];
/** With a process. */
export const ON = ['starting', 'running', 'paused', 'stopping'] as const satisfies readonly PowerState[];
/** In a state that lasts until somebody changes it. */
export const SETTLED = [...AT_REST, ...LIVE] as const satisfies readonly PowerState[];
