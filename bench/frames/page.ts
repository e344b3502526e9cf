import { connectConsole } from '../lib/console-page.js';

const TELL_MS = 250;

const { counters } = await connectConsole();
/** In the page's title for the benchmark to read: frames, time spent painting and time since the start, in ms. */
setInterval(() => {
  document.title = [counters.frames, counters.paintMs, performance.now()].join(' ');
}, TELL_MS);
