import { expect, it } from 'vitest';
import { COMMANDS } from './commands.js';

it('leaves alone what a patch does not name', () => {
  const { patch } = COMMANDS['machine.edit'].request.parse({ id: 'x', patch: { notes: 'hello' } });
  expect(patch).toEqual({ notes: 'hello' });
});

it('checks what a patch names', () => {
  const bad = { id: 'x', patch: { memoryMiB: -5 } };
  expect(COMMANDS['machine.edit'].request.safeParse(bad).success).toBe(false);
});
