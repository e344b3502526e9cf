// Compiles the CPU core: opcode table → AssemblyScript → out/core/core.wasm, when a source changed since the last time.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const core = join(root, 'src/main/vmm/cpu/core');
const out = join(root, 'out/core');
const wasm = join(out, 'core.wasm');
const stamp = join(out, 'core.hash');
const lock = join(out, 'core.lock');
/** A build takes well under this; an older lock was left by a killed process. */
const LOCK_STALE_MS = 5 * 60_000;

function sources(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function fingerprint() {
  const hash = createHash('sha256');
  const files = [...sources(core), join(root, 'src/main/vmm/memory/layout.ts'), fileURLToPath(import.meta.url)];
  for (const file of files) hash.update(relative(root, file)).update(readFileSync(file));
  return hash.digest('hex');
}

function upToDate(hash) {
  return existsSync(wasm) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
}

async function withLock(work) {
  mkdirSync(out, { recursive: true });
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const age = existsSync(lock) ? Date.now() - statSync(lock).mtimeMs : 0;
      if (age > LOCK_STALE_MS) rmSync(lock, { recursive: true, force: true });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  try {
    await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Sources made from the opcode table, by module name without extension. */
async function generate() {
  const { runnerImport } = await import('vite');
  const { module } = await runnerImport(pathToFileURL(join(core, 'opcodes/generate.ts')).href);
  return module.generateCore();
}

async function compile() {
  const generated = await generate();
  const asc = (await import('assemblyscript/asc')).default;
  const entry = 'src/main/vmm/cpu/core/assembly/index.ts';
  const prefix = relative(root, join(core, 'assembly')).split(sep).join('/');
  const written = new Map();
  // prettier-ignore
  const { error, stderr } = await asc.main(
    [
      entry, '--outFile', 'core.wasm', '-O1', '--noAssert', '--runtime', 'stub', '--importMemory',
      '--sharedMemory', '--initialMemory', '3072', '--maximumMemory', '65536', '--memoryBase', String(0x4000),
      '--enable', 'threads', '--enable', 'simd', '--enable', 'bulk-memory', '--noExportMemory', '--exportTable', '--disableWarning', '112', '--disableWarning', '201', ...process.argv.slice(2),
    ],
    {
      readFile: (name) => {
        const made = generated[name.replace(`${prefix}/`, '').replace(/\.ts$/, '')];
        if (made !== undefined && name.endsWith('.ts')) return made;
        const path = join(root, name);
        return existsSync(path) ? readFileSync(path, 'utf8') : null;
      },
      writeFile: (name, contents) => written.set(name, contents),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`the CPU core does not compile\n${stderr.toString()}`);
  for (const [name, contents] of written) {
    const path = join(out, name);
    writeFileSync(`${path}.new`, contents);
    renameSync(`${path}.new`, path);
  }
}

const hash = fingerprint();
if (!upToDate(hash)) {
  await withLock(async () => {
    if (upToDate(hash)) return;
    await compile();
    writeFileSync(stamp, hash);
  });
}
