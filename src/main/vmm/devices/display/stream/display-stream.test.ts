import { describe, expect, it } from 'vitest';
import {
  FRAME_HEADER_BYTES,
  FRAME_RECT_BYTES,
  FRAME_RESIZE,
  FRAME_UPDATE,
  frameAck,
  MAX_UNACKED,
  readFrameHeader,
} from '../../../../../shared/contract/frames.js';
import { blackFrame, OPAQUE, type FrameSource } from '../scanout/frame.js';
import { TileMap } from '../scanout/tile-map.js';
import { DisplayStream } from './display-stream.js';

/** A screen the test paints on. */
class Canvas implements FrameSource {
  frame = blackFrame(64, 48);
  changed = new TileMap(64, 48);
  updates = 0;
  private next = new TileMap(64, 48);
  private colour = 0;

  paint(x: number, y: number, color: number): void {
    this.frame.pixels[y * this.frame.width + x] = (OPAQUE | color) >>> 0;
    this.next.markRect(x, y, 1, 1);
  }

  paintAll(): void {
    this.frame.pixels.fill((OPAQUE | ++this.colour) >>> 0);
    this.next.markAll();
  }

  resize(width: number, height: number): void {
    this.frame = blackFrame(width, height);
    this.changed = new TileMap(width, height);
    this.next = new TileMap(width, height);
    this.next.markAll();
  }

  update(): void {
    this.updates++;
    this.changed.clear();
    this.changed.merge(this.next);
    this.next.clear();
  }
}

/** Time and timers under the test's control. */
class FakeHost {
  now = 0;
  private timers: { at: number; callback: () => void }[] = [];

  idle = 8;
  nowMs = () => this.now;
  idleCores = () => this.idle;
  schedule = (delayMs: number, callback: () => void) => {
    const timer = { at: this.now + delayMs, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((t) => t !== timer);
    };
  };

  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const timer = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!timer) break;
      this.timers = this.timers.filter((t) => t !== timer);
      this.now = Math.max(this.now, timer.at);
      timer.callback();
    }
    this.now = end;
  }

  get pendingTimers(): number {
    return this.timers.length;
  }
}

/** A window that rebuilds the screen from the messages it gets. */
class Window {
  pixels = new Uint32Array(0);
  width = 0;
  headers: ReturnType<typeof readFrameHeader>[] = [];

  receive = (message: Uint8Array<ArrayBuffer>) => {
    const view = new DataView(message.buffer);
    const header = readFrameHeader(view);
    this.headers.push(header);
    if (header.kind === FRAME_RESIZE) {
      this.width = header.width;
      this.pixels = new Uint32Array(header.width * header.height);
      return;
    }
    let at = FRAME_HEADER_BYTES;
    for (let i = 0; i < header.rects; i++) {
      const [x, y, w, h] = [0, 2, 4, 6].map((o) => view.getUint16(at + o, true)) as [number, number, number, number];
      at += FRAME_RECT_BYTES;
      for (let p = 0; p < w * h; p++, at += 4) {
        this.pixels[(y + Math.floor(p / w)) * this.width + x + (p % w)] = view.getUint32(at, true);
      }
    }
    expect(at).toBe(message.length);
  };

  get lastSequence(): number {
    return this.headers.at(-1)!.sequence;
  }

  get updates(): number {
    return this.headers.filter((h) => h.kind === FRAME_UPDATE).length;
  }
}

function setUp() {
  const canvas = new Canvas();
  const host = new FakeHost();
  return { canvas, host, stream: new DisplayStream(canvas, host) };
}

describe('a display stream', () => {
  it('sends size and whole screen to a new viewer, then only what changes', () => {
    const { canvas, host, stream } = setUp();
    const window = new Window();
    const viewer = stream.attach(window.receive);
    host.run(0);
    expect(window.headers.map((h) => [h.kind, h.wholeScreen])).toEqual([
      [FRAME_RESIZE, false],
      [FRAME_UPDATE, true],
    ]);
    viewer.onMessage(frameAck(window.lastSequence));
    canvas.paint(20, 20, 0x123456);
    host.run(100);
    expect(window.headers.at(-1)).toMatchObject({ kind: FRAME_UPDATE, wholeScreen: false, rects: 1 });
    expect(window.pixels).toEqual(canvas.frame.pixels);
  });

  it('keeps a slow viewer at two updates and merges what changes meanwhile', () => {
    const { canvas, host, stream } = setUp();
    const window = new Window();
    const viewer = stream.attach(window.receive);
    for (let i = 0; i < 40; i++) {
      canvas.paint(i, i, i + 1);
      host.run(20);
    }
    expect(window.updates).toBe(MAX_UNACKED);
    const scans = canvas.updates;
    host.run(1000);
    expect(canvas.updates).toBe(scans);
    viewer.onMessage(frameAck(1));
    host.run(100);
    expect(window.updates).toBe(MAX_UNACKED + 1);
    expect(window.pixels).toEqual(canvas.frame.pixels);
  });

  it('ignores acknowledgements of nothing', () => {
    const { canvas, host, stream } = setUp();
    const window = new Window();
    const viewer = stream.attach(window.receive);
    for (const bytes of [frameAck(77), new Uint8Array(0), new Uint8Array(9)]) viewer.onMessage(bytes);
    for (let i = 0; i < 10; i++) {
      canvas.paint(i, 0, i + 1);
      host.run(20);
    }
    expect(window.updates).toBe(MAX_UNACKED);
  });

  it('serves several viewers, each at its own pace', () => {
    const { canvas, host, stream } = setUp();
    const [fast, slow] = [new Window(), new Window()];
    const fastHandle = stream.attach(fast.receive);
    const slowHandle = stream.attach(slow.receive);
    for (let i = 0; i < 20; i++) {
      canvas.paint(i * 3, i, i + 1);
      host.run(20);
      fastHandle.onMessage(frameAck(fast.lastSequence));
    }
    expect(slow.updates).toBe(MAX_UNACKED);
    expect(fast.pixels).toEqual(canvas.frame.pixels);
    slowHandle.onMessage(frameAck(1));
    expect(slow.pixels).toEqual(canvas.frame.pixels);
  });

  it('announces a new size before the first update in it', () => {
    const { canvas, host, stream } = setUp();
    const window = new Window();
    const viewer = stream.attach(window.receive);
    host.run(0);
    viewer.onMessage(frameAck(window.lastSequence));
    canvas.resize(80, 50);
    canvas.paint(79, 49, 5);
    host.run(100);
    expect(window.headers.slice(-2).map((h) => [h.kind, h.width, h.height])).toEqual([
      [FRAME_RESIZE, 80, 50],
      [FRAME_UPDATE, 80, 50],
    ]);
    expect(window.pixels).toEqual(canvas.frame.pixels);
  });

  it('looks less often while nothing changes, and at once after input', () => {
    const { canvas, host, stream } = setUp();
    const window = new Window();
    const viewer = stream.attach(window.receive);
    host.run(0);
    viewer.onMessage(frameAck(window.lastSequence));
    host.run(1000);
    const before = canvas.updates;
    host.run(1000);
    expect(canvas.updates - before).toBeLessThanOrEqual(11);
    canvas.paint(1, 1, 9);
    stream.poke();
    host.run(17);
    expect(window.pixels).toEqual(canvas.frame.pixels);
  });

  it('looks often while much changes, and not because of a blinking cursor', () => {
    const { canvas, host, stream } = setUp();
    const window = new Window();
    const viewer = stream.attach(window.receive);
    const looksIn = (ms: number, changeEveryMs: number) => {
      const before = canvas.updates;
      for (let at = 0; at < ms; at += 4) {
        if (at % changeEveryMs === 0) canvas.paint(0, 0, at + 1);
        host.run(4);
        if (window.headers.length > 0) viewer.onMessage(frameAck(window.lastSequence));
      }
      return canvas.updates - before;
    };
    looksIn(1000, 4);
    expect(looksIn(1000, 4)).toBeGreaterThan(55);
    looksIn(1000, 200);
    expect(looksIn(1000, 200)).toBeLessThan(22);
  });

  it('shows full motion half as often on a busy host, and the first change after calm at once', () => {
    const { canvas, host, stream } = setUp();
    canvas.resize(1024, 768);
    const window = new Window();
    const viewer = stream.attach(window.receive);
    const run = (ms: number, paint: () => void) => {
      const before = window.updates;
      for (let at = 0; at < ms; at += 4) {
        paint();
        host.run(4);
        if (window.headers.length > 0) viewer.onMessage(frameAck(window.lastSequence));
      }
      return window.updates - before;
    };
    const everything = () => canvas.paintAll();
    const nothing = () => undefined;
    expect(run(1000, everything)).toBeGreaterThan(55);
    host.idle = 0;
    run(1000, everything);
    const paced = run(1000, everything);
    expect([paced >= 30, paced <= 33]).toEqual([true, true]);
    run(1000, nothing);
    canvas.paint(3, 3, 9);
    stream.poke();
    expect(run(20, nothing)).toBe(1);
  });

  it('reuses the memory of large updates once they are acknowledged, and not before', () => {
    const { canvas, host, stream } = setUp();
    canvas.resize(1024, 768);
    const memory: ArrayBufferLike[] = [];
    const window = new Window();
    const viewer = stream.attach((message) => {
      memory.push(message.buffer);
      window.receive(message);
    });
    for (let i = 0; i < 4; i++) {
      canvas.paintAll();
      host.run(100);
      if (i > 0) viewer.onMessage(frameAck(i));
    }
    const [, first, second, third, fourth] = memory;
    expect(new Set([first, second]).size).toBe(2);
    expect([third, fourth]).toEqual([first, second]);
    expect(third).toBe(first);
  });

  it('does nothing without viewers', () => {
    const { canvas, host, stream } = setUp();
    stream.attach(() => {}).detach();
    host.run(1000);
    expect(canvas.updates).toBe(0);
    expect(host.pendingTimers).toBe(0);
  });
});
