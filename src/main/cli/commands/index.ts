import type { Command } from '../command.js';
import { demo } from './demo.js';
import { host } from './host.js';
import { console, screenshot, sendKeys, type } from './interact.js';
import { create, edit, list, remove, show } from './library.js';
import { pause, reset, resume, start, stop } from './power.js';
import { run } from './run.js';
import { serve } from './serve.js';

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
  sendKeys,
  type,
  screenshot,
  console,
  serve,
  host,
  demo,
];
