import { ref, watch, type Ref } from 'vue';
import type { BulkChannel } from '../../../../shared/contract/client.js';
import { frameAck } from '../../../../shared/contract/frames.js';
import { useClient } from '../../../client/client-context.js';
import { decodeFrameMessage, type FrameMessage } from './frame-message.js';
import { FramebufferPainter } from './framebuffer-painter.js';
import type { Size } from './screen-geometry.js';

const RETRY_MS = 1000;

/** The screen of a machine on a canvas, for as long as the component lives. */
export interface Framebuffer {
  /** Size of the guest's screen; `undefined` until the first message. */
  readonly size: Readonly<Ref<Size | undefined>>;
}

/**
 * Keeps a canvas showing a machine's display channel. Messages are painted at the next animation frame and acknowledged
 * after it, so a hidden or slow page slows the stream. A lost channel is opened again.
 */
export function useFramebuffer(canvas: Readonly<Ref<HTMLCanvasElement | null>>, machineId: string): Framebuffer {
  const client = useClient();
  const size = ref<Size>();
  watch(
    canvas,
    (element, _before, onCleanup) => {
      if (!element) return;
      const view = new ChannelView(
        new FramebufferPainter(element),
        () => client.openChannel(machineId, 'display'),
        (next) => {
          size.value = next;
        },
      );
      onCleanup(() => view.dispose());
    },
    { immediate: true, flush: 'post' },
  );
  return { size };
}

/** One channel after the other, painted frame by frame. */
class ChannelView {
  private channel: BulkChannel | undefined;
  private queue: FrameMessage[] = [];
  private frameRequest = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private disposed = false;

  constructor(
    private readonly painter: FramebufferPainter,
    private readonly open: () => Promise<BulkChannel>,
    private readonly onResize: (size: Size) => void,
  ) {
    void this.connect();
  }

  dispose(): void {
    this.disposed = true;
    cancelAnimationFrame(this.frameRequest);
    clearTimeout(this.retry);
    this.channel?.close();
  }

  private async connect(): Promise<void> {
    try {
      const channel = await this.open();
      if (this.disposed) return channel.close();
      this.channel = channel;
      channel.onMessage((data) => this.receive(data));
      channel.onClose(() => this.reconnectLater());
    } catch {
      // The machine is not running yet or any more, which the page says elsewhere.
      this.reconnectLater();
    }
  }

  private reconnectLater(): void {
    this.channel = undefined;
    if (!this.disposed) this.retry = setTimeout(() => void this.connect(), RETRY_MS);
  }

  private receive(data: Uint8Array): void {
    if (this.disposed) return;
    this.queue.push(decodeFrameMessage(data));
    this.frameRequest ||= requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.frameRequest = 0;
    const messages = this.queue;
    this.queue = [];
    for (const message of messages) {
      if (message.kind === 'resize') {
        this.painter.resize(message.width, message.height);
        this.onResize({ width: message.width, height: message.height });
      } else {
        this.painter.paint(message.rects);
        this.channel?.send(frameAck(message.sequence));
      }
    }
  }
}
