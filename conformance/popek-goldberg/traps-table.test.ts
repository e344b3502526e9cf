import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';
import { EMULATOR_DIFFERENCES, emulatorDifferences, ENGINES, kvmIsEmulated } from './engines.js';
import { TRAP_GROUPS } from './groups.js';
import { AS_SPECIFIED, caseKey, resultOn, trapsTable } from './traps-table.js';

const TABLE = 'docs/traps.md';
const writing = process.env['ANNEX_WRITE_TRAPS'] === '1';

async function table(): Promise<string> {
  const options = { ...(await resolveConfig(TABLE)), filepath: TABLE };
  return format(trapsTable(ENGINES, emulatorDifferences()), options);
}

/** What differs on this host's KVM, by case. @param among cases to run */
function differencesHere(among: (key: string) => boolean = () => true): Record<string, string> {
  const kvm = ENGINES.find(({ name }) => name === 'kvm')!;
  const all = TRAP_GROUPS.flatMap(({ name, cases }) => cases.map((trap) => [caseKey(name, trap), trap] as const));
  const results = all.filter(([key]) => among(key)).map(([key, trap]) => [key, resultOn(kvm, trap)] as const);
  return Object.fromEntries(results.filter(([, result]) => result !== AS_SPECIFIED));
}

describe('docs/traps.md', () => {
  it.runIf(writing)('is written', { timeout: 300_000 }, async () => {
    if (kvmIsEmulated) writeFileSync(EMULATOR_DIFFERENCES, `${JSON.stringify(differencesHere(), null, 2)}\n`);
    writeFileSync(TABLE, await table());
  });

  it('is what the cases and the record of the emulator make', async () => {
    expect(readFileSync(TABLE, 'utf8')).toBe(await table());
  });

  it.runIf(kvmIsEmulated)('has what the emulator under this host’s KVM does', { timeout: 120_000 }, () => {
    // All others are held to the manual by popek-goldberg.test.ts.
    const known = emulatorDifferences();
    expect(differencesHere((key) => key in known)).toEqual(known);
  });
});
