import { InputOutbox } from '../../src/renderer/features/console/input/input-outbox.js';
import { connectConsole } from '../lib/console-page.js';

const KEYS = 150;
/** Between a picture and the next key: long enough for the stream to look rarely again, and never in step with it. */
const PAUSE_MS = 120;
const MORE_PAUSE_MS = 200;
/** A key that shows nothing for so long is counted as lost. */
const LOST_MS = 2000;

const { client, machineId, painted } = await connectConsole();
const outbox = new InputOutbox((events) => client.request('machine.input', { id: machineId, events }));

function press(down: boolean): void {
  outbox.push([{ type: 'key', code: 'KeyA', down }]);
}

/** Milliseconds from a key going down to the end of the paint that changed a pixel. */
async function delay(): Promise<number> {
  const next = painted();
  const start = performance.now();
  press(true);
  const end = await Promise.race([next, new Promise<number>((resolve) => setTimeout(resolve, LOST_MS, Infinity))]);
  press(false);
  return end - start;
}

const delays: number[] = [];
while (delays.length < KEYS) {
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS + Math.random() * MORE_PAUSE_MS));
  delays.push(await delay());
}
document.title = `done ${delays.map((ms) => ms.toFixed(1)).join(' ')}`;
