// `npm start` from a fresh clone: installs, builds, opens the application. Where Electron's runtime cannot be had, says
// so and serves the same interface to the browser.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ensureDependencies, preferredNode, root, run } from './prepare.mjs';

/** How long Electron's own installer may try to download its runtime, in ms. */
const DOWNLOAD_TIMEOUT_MS = 120_000;

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Annex needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

ensureDependencies();
run(preferredNode(), ['scripts/build.mjs', '--if-stale']);
const electron = electronRuntime();
if (electron) await openDesktop(electron);
else await serveToBrowser();

/** The Electron program, downloaded by its installer if need be; undefined where that fails. */
function electronRuntime() {
  const found = electronProgram();
  if (found) return found;
  const installer = path.join(root, 'node_modules/electron/install.js');
  if (!existsSync(installer)) return undefined;
  console.log('Downloading Electron…');
  spawnSync(process.execPath, [installer], { stdio: 'ignore', timeout: DOWNLOAD_TIMEOUT_MS });
  return electronProgram();
}

function electronProgram() {
  const folder = path.join(root, 'node_modules/electron');
  const pathFile = path.join(folder, 'path.txt');
  if (!existsSync(pathFile)) return undefined;
  const program = path.join(folder, 'dist', readFileSync(pathFile, 'utf8').trim());
  return existsSync(program) ? program : undefined;
}

function openDesktop(program) {
  return new Promise((resolve) => {
    const child = spawn(program, [root, ...process.argv.slice(2)], { stdio: 'inherit' });
    child.on('exit', (code) => resolve((process.exitCode = code ?? 1)));
  });
}

/** Prints the address and opens it where there is a desktop. */
function serveToBrowser() {
  console.log("Electron's runtime is not on this computer and could not be downloaded.");
  console.log('Annex is served to your browser instead; it is the same interface.\n');
  const args = [path.join(root, 'bin/annex.js'), 'serve', ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { stdio: ['inherit', 'pipe', 'inherit'] });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  let opened = false;
  child.stdout.on('data', (text) => {
    process.stdout.write(text);
    const url = /http:\S+/.exec(String(text))?.[0];
    if (url && !opened) openBrowser(url);
    opened ||= url !== undefined;
  });
  return new Promise((resolve) => child.on('exit', (code) => resolve((process.exitCode = code ?? 1))));
}

function openBrowser(url) {
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform] ?? 'xdg-open';
  if (opener === 'xdg-open' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return;
  spawn(opener, [url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}
