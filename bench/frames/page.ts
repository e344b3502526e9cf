import { frameAck } from '../../src/shared/contract/frames.js';
import { connectWebSocket } from '../../src/renderer/client/websocket-client.js';
import {
  decodeFrameMessage,
  type FrameMessage,
} from '../../src/renderer/features/console/framebuffer/frame-message.js';
import { FramebufferPainter } from '../../src/renderer/features/console/framebuffer/framebuffer-painter.js';

/** In the page's title for the benchmark to read: frames, time spent painting and time since the start, in ms. */
const counters = { painted: 0, paintMs: 0 };
setInterval(() => {
  document.title = [counters.painted, counters.paintMs, performance.now()].join(' ');
}, 250);

const canvas = document.querySelector('canvas')!;
const painter = new FramebufferPainter(canvas);
const client = await connectWebSocket();
const { machines } = await client.request('library.list', {});
const channel = await client.openChannel(machines[0]!.config.id, 'display');

let queue: FrameMessage[] = [];
channel.onMessage((data) => {
  queue.push(decodeFrameMessage(data));
  if (queue.length === 1) requestAnimationFrame(paint);
});

function paint(): void {
  const start = performance.now();
  const messages = queue;
  queue = [];
  for (const message of messages) {
    if (message.kind === 'resize') painter.resize(message.width, message.height);
    else {
      painter.paint(message.rects);
      channel.send(frameAck(message.sequence));
      counters.painted++;
    }
  }
  counters.paintMs += performance.now() - start;
}
