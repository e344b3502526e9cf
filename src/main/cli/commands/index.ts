import type { Command } from '../command.js';
import { demo } from './demo.js';
import { host } from './host.js';
import { console, screenshot, sendKeys, type } from './interact.js';
import { create, edit, list, remove, show } from './library.js';
import { pause, reset, resume, start, stop, suspend } from './power.js';
import { run } from './run.js';
import { serve } from './serve.js';
import * as snapshot from './snapshot.js';
import { auto } from './snapshot-auto.js';
import { clone } from './clone.js';
import * as disk from './disk.js';
import { exportMachine, importMachine } from './transfer.js';

/** Every command, in the order the help lists them. */
export const COMMANDS: readonly Command[] = [
  run,
  create,
  list,
  show,
  edit,
  remove,
  start,
  stop,
  reset,
  pause,
  resume,
  suspend,
  snapshot.take,
  snapshot.list,
  snapshot.tree,
  snapshot.show,
  snapshot.revert,
  snapshot.remove,
  snapshot.rename,
  snapshot.compare,
  snapshot.tidy,
  auto,
  clone,
  disk.create,
  disk.info,
  disk.convert,
  disk.resize,
  disk.compact,
  disk.check,
  disk.compare,
  sendKeys,
  type,
  screenshot,
  console,
  importMachine,
  exportMachine,
  serve,
  host,
  demo,
];
