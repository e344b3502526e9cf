import { describe, expect, it } from 'vitest';
import { ENGINES } from './engines.js';
import { TRAP_GROUPS } from './groups.js';
import { caseKey } from './traps-table.js';

for (const engine of ENGINES) {
  const title = engine.missing === undefined ? engine.name : `${engine.name} (skipped: ${engine.missing})`;
  describe.skipIf(engine.missing !== undefined)(title, () => {
    for (const { name, cases } of TRAP_GROUPS) {
      describe(name, () => {
        for (const trapCase of cases) {
          const { trap, run, expected } = trapCase;
          const known = engine.known[caseKey(name, trapCase)];
          if (known === undefined) it(trap, () => expect(run(engine.create)).toEqual(expected));
          else it.skip(`${trap} (the host's KVM emulates this mode: ${known})`);
        }
      });
    }
  });
}
