import { Socket } from 'node:net';
import type { BulkChannel } from '../../src/shared/contract/client.js';
import type { ToVm } from '../../src/shared/vm-process/protocol.js';
import { HEARTBEAT_MS } from '../../src/shared/vm-process/protocol.js';
import { DisplayStream } from '../../src/main/vmm/devices/display/stream/display-stream.js';
import { acceptWebSocket } from '../../src/main/vmhost/bulk/web-socket-channel.js';
import { TestPattern } from '../../src/testing/test-pattern.js';

/** A VM process without a machine: it shows a picture in full motion, over the product's own streams and sockets. */
const tell = (message: object): void => void process.send!(message);

const display = new DisplayStream(new TestPattern(), {
  nowMs: () => performance.now(),
  idleCores: () => Infinity,
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
});

function show(channel: BulkChannel): void {
  const viewer = display.attach((bytes) => channel.send(bytes));
  channel.onMessage((message) => viewer.onMessage(message));
  channel.onClose(() => viewer.detach());
}

function start(): void {
  tell({
    type: 'started',
    engine: { engine: 'interpreter', reasonCode: 'only-software-engine', reason: 'a test picture' },
  });
}

process.on('message', (message: ToVm, handle) => {
  if (message.type === 'start') start();
  if (message.type === 'web-socket' && handle instanceof Socket) acceptWebSocket(handle, message.key, show);
  if (message.type === 'call') {
    tell({ type: 'reply', id: message.id, value: undefined });
    if (message.call.name === 'power-off') process.exit(0);
  }
});
process.on('disconnect', () => process.exit(0));
setInterval(() => tell({ type: 'heartbeat', machineAlive: true }), HEARTBEAT_MS);
tell({ type: 'ready' });
