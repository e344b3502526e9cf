// Composition root of the desktop application.
import { homedir } from 'node:os';
import path from 'node:path';
import { startDesktop } from './shell/desktop.js';

const here = import.meta.dirname;

await startDesktop({
  rendererRoot: path.join(here, '../renderer'),
  preload: path.join(here, '../preload/index.cjs'),
  icon: path.join(here, '../../resources/icon.png'),
  vmProcess: path.join(here, 'vmhost.js'),
  engineProbe: path.join(here, 'engine-probe.js'),
  diskJob: path.join(here, 'disk-job.js'),
  libraryPath: process.env['ANNEX_LIBRARY'] ?? path.join(homedir(), 'Annex'),
});
