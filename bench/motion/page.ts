import { connectConsole } from '../lib/console-page.js';

/** How long the screen is shown, and then not. */
const PHASE_MS = 8000;
const TELL_MS = 500;

const console = await connectConsole();
let phase = 0;
setInterval(() => void console.show(++phase % 2 === 0), PHASE_MS);
/** For the benchmark to read: phase (shown in even ones), frames painted, time spent painting and now, in ms. */
setInterval(() => {
  const { frames, paintMs } = console.counters;
  document.title = [phase, frames, paintMs.toFixed(1), performance.now().toFixed(1)].join(' ');
}, TELL_MS);
