import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';
import { EMULATOR_DIFFERENCES, ENGINES, kvmIsEmulated } from './engines.js';
import { TRAP_GROUPS } from './groups.js';
import { AS_SPECIFIED, resultOn, trapsTable } from './traps-table.js';

const TABLE = 'docs/traps.md';
const writing = process.env['ANNEX_WRITE_TRAPS'] === '1';

async function formatted(text: string, file: string): Promise<string> {
  return format(text, { ...(await resolveConfig(file)), filepath: file });
}

describe('docs/traps.md', () => {
  it.runIf(writing)('is written from a run', { timeout: 300_000 }, async () => {
    const known: Record<string, string> = {};
    for (const engine of ENGINES.filter(({ name }) => name === 'kvm' && kvmIsEmulated)) {
      for (const { name, cases } of TRAP_GROUPS) {
        for (const trap of cases) {
          const result = resultOn(engine, trap);
          if (result !== AS_SPECIFIED) known[`${name}: ${trap.trap}`] = result;
        }
      }
    }
    if (kvmIsEmulated) writeFileSync(EMULATOR_DIFFERENCES, `${JSON.stringify(known, null, 2)}\n`);
    const engines = ENGINES.filter(({ missing }) => missing === undefined);
    writeFileSync(TABLE, await formatted(trapsTable(engines, resultOn), TABLE));
  });

  it('has a row for every trap', () => {
    const text = readFileSync(TABLE, 'utf8');
    const missing = TRAP_GROUPS.flatMap(({ cases }) => cases).filter(
      ({ trap }) => !text.includes(`| ${trap.replaceAll('|', '\\|')} `),
    );
    expect(missing.map(({ trap }) => trap)).toEqual([]);
  });
});
