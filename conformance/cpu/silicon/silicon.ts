import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Layout of `struct test_case` in execute.c. */
export const CASE_BYTES = 768;
export const CASE = {
  length: 0,
  code: 1,
  rax: 16,
  rcx: 24,
  rdx: 32,
  rflags: 40,
  memory: 48,
  fx: 256,
} as const;

/** Fields of the FXSAVE64 image, from the start of a case (SDM vol. 1, table 10-2). */
export const FX = {
  fcw: CASE.fx,
  fsw: CASE.fx + 2,
  tag: CASE.fx + 4,
  mxcsr: CASE.fx + 24,
  st: CASE.fx + 32,
  xmm: CASE.fx + 160,
} as const;

/** The host's processor as an oracle for single instructions. */
export class Silicon {
  private readonly folder = mkdtempSync(join(tmpdir(), 'annex-silicon-'));
  private readonly program = join(this.folder, 'execute');

  constructor() {
    const source = join(import.meta.dirname, 'execute.c');
    const build = spawnSync('gcc', ['-O1', '-mno-red-zone', '-o', this.program, source], { encoding: 'utf8' });
    if (build.status !== 0) throw new Error(`gcc failed: ${build.stderr}`);
  }

  /** Runs every case in `cases` (a multiple of {@link CASE_BYTES}) and returns the states afterwards. */
  run(cases: Uint8Array): Uint8Array {
    const result = spawnSync(this.program, { input: cases, maxBuffer: cases.length + 1 });
    if (result.status !== 0 || result.stdout.length !== cases.length) {
      throw new Error(`execute ended with ${result.status ?? result.signal} after ${result.stdout.length} bytes`);
    }
    return result.stdout;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
