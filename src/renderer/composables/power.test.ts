import { describe, expect, it } from 'vitest';
import { COMMANDS, type CommandName } from '../../shared/contract/commands.js';
import { powerStateSchema, type PowerState } from '../../shared/contract/machine-view.js';
import { allows, type PowerCommand } from './power.js';

function legal(name: CommandName, state: PowerState): boolean {
  const spec: object = COMMANDS[name];
  return 'states' in spec ? (spec.states as readonly PowerState[]).includes(state) : true;
}

describe('allows', () => {
  const commands: readonly PowerCommand[] = ['start', 'pause', 'resume', 'reset', 'shutdown', 'powerOff'];

  it.each(commands)('offers %s exactly where the contract takes it', (command) => {
    for (const state of powerStateSchema.options)
      expect([state, allows(state, command)]).toEqual([state, legal(`machine.${command}`, state)]);
  });
});
