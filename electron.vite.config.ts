import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'electron-vite';
import renderer from './src/renderer/vite.config.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Entries of out/main. Besides the desktop application they are the programs it and the command line start: a VM
 * process, the thread inside it that runs the machine, a disk job, and the `annex` command, which needs no Electron.
 */
const entries = {
  'index': 'src/main/index.ts',
  'vmhost': 'src/main/vmhost/index.ts',
  'machine-thread': 'src/main/vmhost/machine/machine-thread.ts',
  'engine-probe': 'src/main/vmhost/engine/engine-probe.ts',
  'saver-thread': 'src/main/vmhost/snapshot/saver-thread.ts',
  'loader-thread': 'src/main/vmhost/snapshot/loader-thread.ts',
  'disk-job': 'src/main/vmhost/disk-jobs/index.ts',
  'annex': 'src/main/cli/index.ts',
};
const present = Object.entries(entries).filter(([, file]) => existsSync(here(file)));

export default defineConfig({
  main: {
    build: {
      outDir: here('out/main'),
      target: 'node20',
      rollupOptions: {
        input: Object.fromEntries(present.map(([name, file]) => [name, here(file)])),
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: here('out/preload'),
      rollupOptions: {
        input: { index: here('src/preload/index.ts') },
        // A sandboxed preload script must be CommonJS, and one file.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer,
});
