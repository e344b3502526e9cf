import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AnnexRun } from '../../src/testing/annex-run.js';
import { copyDisk } from '../../src/testing/debian-disk.js';
import { debianDiskMissing } from '../../src/testing/debian-image.js';
import { debianLanguagesDisk } from '../../src/testing/debian-languages.js';

const BOOT_SECONDS = 5 * 60;
const TESTS_SECONDS = 20 * 60;
const PROMPT = '@@ ';
const missing = debianDiskMissing();

/** Modules of CPython's own test suite; each passes on the computer that runs this test. */
const PYTHON_TESTS = [
  'test_struct', 'test_int', 'test_float', 'test_complex', 'test_cmath', 'test_array', 'test_binascii', 'test_zlib',
  'test_hashlib', 'test_re', 'test_generators', 'test_mmap', 'test_thread',
]; // prettier-ignore

/** Files of Node's own test/parallel; each passes on the computer that runs this test. */
const NODE_TESTS = [
  'test-buffer-alloc.js', 'test-buffer-bigint64.js', 'test-buffer-writedouble.js', 'test-child-process-fork.js',
  'test-child-process-spawnsync.js', 'test-crypto-hash.js', 'test-crypto-cipheriv-decipheriv.js', 'test-fs-readfile.js',
  'test-string-decoder.js', 'test-v8-serdes.js', 'test-vm-basic.js', 'test-worker-message-port-wasm-module.js',
  'test-worker-message-port-wasm-threads.js', 'test-atomics-wake.js', 'test-zlib-brotli.js',
]; // prettier-ignore

/**
 * Hot enough for V8 to optimize it several times over: integers, doubles, objects that change their shape (so optimized
 * code is thrown away again), and a WebAssembly loop. Adds up to the same number on every correct processor.
 */
const HOT_PROGRAM = `const square = (p) => p.x * p.x + p.y;
let sum = 0;
for (let i = 0; i < 3e6; i++) sum = (sum + square({ x: i & 1023, y: i }) ) % 1000003;
for (let i = 0; i < 1e6; i++) sum = (sum + square(i % 3 ? { y: i * 0.5, x: i & 7 } : { x: i & 7, z: 0, y: 0.25 * i })) % 1000003;
const bytes = new Uint8Array([0,97,115,109,1,0,0,0,1,6,1,96,1,127,1,127,3,2,1,0,7,5,1,1,102,0,0,10,30,1,28,1,1,127,3,64,32,1,65,31,108,32,0,106,33,1,32,0,65,1,107,34,0,13,0,11,32,1,11]);
const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
for (let i = 1; i < 200; i++) sum = (sum + (f(i * 1000) >>> 0)) % 1000003;
console.log("sum", sum);`.replaceAll('\n', ' ');

describe.skipIf(missing)(`languages of Debian${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let folder: string;
  let guest: AnnexRun;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'annex-languages-'));
  });
  beforeEach(async () => {
    const disk = path.join(folder, 'disk.raw');
    await copyDisk(await debianLanguagesDisk(), disk);
    guest = new AnnexRun(['--disk', disk, '--memory', '1024', '--net', 'none', '--serial', 'stdio']);
    await guest.waitFor(PROMPT, BOOT_SECONDS);
  });
  afterEach(async () => {
    guest.type('poweroff -ff\n');
    expect(await guest.end()).toBe(0);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('Python passes its own tests', async () => {
    await guest.command(`python3 -m test ${PYTHON_TESTS.join(' ')}; echo "python: $?"`, /^python: \d+/m, TESTS_SECONDS);
    expect(guest.screen).toContain(`All ${PYTHON_TESTS.length} tests OK.`);
    expect(guest.screen).toContain('python: 0');
  });

  it('Node.js passes its own tests', async () => {
    await guest.command(`/annex/run-node-tests ${NODE_TESTS.join(' ')}; echo "node: $?"`, /^node: \d+/m, TESTS_SECONDS);
    expect(guest.screen.match(/^failed [\s\S]*?(?=^passed|^node:)/gm)).toBeNull();
    expect(guest.screen.match(/^passed \S+/gm)).toHaveLength(NODE_TESTS.length);
    const onHost = execFileSync(process.execPath, ['-e', HOT_PROGRAM], { encoding: 'utf8' });
    await guest.command(`node -e '${HOT_PROGRAM}'`, onHost.trim(), 120);
  });
});
