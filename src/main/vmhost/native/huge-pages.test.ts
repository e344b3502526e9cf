import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadKoffi } from './koffi.js';
import { preferHugePages } from './huge-pages.js';

const WASM_PAGE = 65536;
/** A size nothing else in this process has. */
const PAGES = 1003;

function whyNot(): string | undefined {
  if (!existsSync('/sys/kernel/mm/transparent_hugepage/enabled')) return 'this host has no transparent huge pages';
  try {
    loadKoffi();
    return undefined;
  } catch {
    return 'this process has no way to call the C library';
  }
}

/** Flags of the mapping that begins at an address (proc_pid_smaps(5)). */
function flagsAt(address: bigint): string[] {
  const lines = readFileSync('/proc/self/smaps', 'utf8').split('\n');
  const first = lines.findIndex((line) => line.startsWith(`${address.toString(16)}-`));
  const flags = lines.slice(first).find((line) => line.startsWith('VmFlags:'));
  return first < 0 ? [] : (flags?.trim().split(/\s+/) ?? []);
}

const missing = whyNot();

describe.skipIf(missing)(`preferHugePages${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('marks the whole of a memory for huge pages', () => {
    const { buffer } = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
    const start = loadKoffi().address(new Uint8Array(buffer));
    expect(flagsAt(start)).not.toContain('hg');
    expect(preferHugePages(buffer as unknown as SharedArrayBuffer)).toBe(true);
    expect(flagsAt(start)).toContain('hg');
    const end = start + BigInt(PAGES * WASM_PAGE);
    expect(readFileSync('/proc/self/smaps', 'utf8')).toMatch(`${start.toString(16)}-${end.toString(16)} `);
  });
});
