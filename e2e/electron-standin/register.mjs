// `node --import e2e/electron-standin/register.mjs out/main/index.js` runs the built main bundle with the stand-in in
// the place of the electron module. Test-only: nothing in src knows of it.
import { registerHooks } from 'node:module';

const standin = new URL('./electron.mjs', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: standin, shortCircuit: true, format: 'module' } : next(specifier, context),
});
