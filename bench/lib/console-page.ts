import type { AnnexClient } from '../../src/shared/contract/client.js';
import { frameAck } from '../../src/shared/contract/frames.js';
import { connectWebSocket } from '../../src/renderer/client/websocket-client.js';
import {
  decodeFrameMessage,
  type FrameMessage,
} from '../../src/renderer/features/console/framebuffer/frame-message.js';
import { FramebufferPainter } from '../../src/renderer/features/console/framebuffer/framebuffer-painter.js';

/** The screen of the only machine in the library, on the page's canvas, painted as the product paints it. */
export interface ConsolePage {
  readonly client: AnnexClient;
  readonly machineId: string;
  /** Counts since the start. */
  readonly counters: { readonly frames: number; readonly paintMs: number };
  /** Resolves with `performance.now()` at the end of the next paint that changes a pixel. */
  painted(): Promise<number>;
  /** Shows the screen, or stops showing it: the machine has no viewer then. */
  show(shown: boolean): Promise<void>;
}

export async function connectConsole(): Promise<ConsolePage> {
  const painter = new FramebufferPainter(document.querySelector('canvas')!);
  const client = await connectWebSocket();
  const { machines } = await client.request('library.list', {});
  const machineId = machines[0]!.config.id;
  const counters = { frames: 0, paintMs: 0 };
  let waiting: ((at: number) => void)[] = [];
  let close: (() => void) | undefined;

  async function open(): Promise<void> {
    const channel = await client.openChannel(machineId, 'display');
    let queue: FrameMessage[] = [];
    close = () => channel.close();
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
          counters.frames++;
        }
      }
      const end = performance.now();
      counters.paintMs += end - start;
      waiting.forEach((resolve) => resolve(end));
      waiting = [];
    }
  }

  async function show(shown: boolean): Promise<void> {
    close?.();
    close = undefined;
    if (shown) await open();
  }

  await show(true);
  return {
    client,
    machineId,
    counters,
    painted: () => new Promise((resolve) => waiting.push(resolve)),
    show,
  };
}
