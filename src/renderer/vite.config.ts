import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The page, for the Electron window and for served mode alike: everything relative, no inline scripts (CSP). */
export default defineConfig({
  root: here('.'),
  base: './',
  cacheDir: here('../../node_modules/.cache/vite-renderer'),
  plugins: [vue()],
  define: { __VUE_I18N_FULL_INSTALL__: false, __VUE_I18N_LEGACY_API__: false, __INTLIFY_PROD_DEVTOOLS__: false },
  build: {
    outDir: here('../../out/renderer'),
    emptyOutDir: true,
    target: 'chrome128',
    minify: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      output: {
        // zod is told not to generate code in the chunk it lives in, before any schema is made in another.
        codeSplitting: { groups: [{ name: 'zod', test: /node_modules[\\/]zod[\\/]|zod-without-eval/ }] },
      },
    },
  },
});
