import type { PowerState } from '../../shared/contract/machine-view.js';

/** Has a VM process: on in some way. */
export function isOn(state: PowerState): boolean {
  return state !== 'stopped' && state !== 'crashed' && state !== 'suspended';
}

/** Runs or is paused: has a screen and counters. */
export function isLive(state: PowerState): boolean {
  return state === 'running' || state === 'paused';
}

export type PowerCommand = 'start' | 'pause' | 'resume' | 'reset' | 'shutdown' | 'powerOff' | 'suspend';

const ALLOWED: Readonly<Record<PowerCommand, readonly PowerState[]>> = {
  start: ['stopped', 'crashed', 'suspended'],
  pause: ['running'],
  resume: ['paused', 'suspended'],
  reset: ['running', 'paused'],
  shutdown: ['running'],
  powerOff: ['starting', 'running', 'paused', 'stopping'],
  suspend: ['running', 'paused'],
};

/** Mirrors the states the contract allows each command in, so that the interface offers nothing that would be refused. */
export function allows(state: PowerState, command: PowerCommand): boolean {
  return ALLOWED[command].includes(state);
}
