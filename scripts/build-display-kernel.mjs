// Compiles the inner loops of scan-out to out/core/display-kernel.wasm; does nothing if that is newer than the source.
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { root, run } from './prepare.mjs';

const source = path.join(root, 'src/main/vmm/devices/display/kernel/assembly/index.ts');
const target = path.join(root, 'out/core/display-kernel.wasm');

if (!existsSync(target) || statSync(target).mtimeMs < statSync(source).mtimeMs) {
  mkdirSync(path.dirname(target), { recursive: true });
  const partial = `${target}.${process.pid}`;
  const memory = ['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'];
  const features = ['--enable', 'simd', '--enable', 'threads'];
  const options = ['-O3', '--noAssert', '--runtime', 'stub', ...memory, ...features, '--outFile', partial];
  run(process.execPath, [path.join(root, 'node_modules/assemblyscript/bin/asc.js'), source, ...options]);
  renameSync(partial, target);
}
