import type { ToVm } from '../../src/shared/vm-process/protocol.js';
import { HEARTBEAT_MS } from '../../src/shared/vm-process/protocol.js';
import { DisplayStream } from '../../src/main/vmm/devices/display/stream/display-stream.js';
import { BulkServer } from '../../src/main/vmhost/bulk/bulk-server.js';
import { TestPattern } from '../../src/testing/test-pattern.js';

/** A VM process without a machine: it shows a picture in full motion, over the product's own streams and sockets. */
const tell = (message: object): void => void process.send!(message);

async function start({ plan }: Extract<ToVm, { type: 'start' }>): Promise<void> {
  const display = new DisplayStream(new TestPattern(), {
    nowMs: () => performance.now(),
    schedule: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  });
  const bulk = new BulkServer(plan.bulk.secret, (_kind, channel) => {
    const viewer = display.attach((bytes) => channel.send(bytes));
    channel.onMessage((message) => viewer.onMessage(message));
    channel.onClose(() => viewer.detach());
  });
  await bulk.listen(plan.bulk.path);
  tell({
    type: 'started',
    engine: { engine: 'interpreter', reasonCode: 'only-software-engine', reason: 'a test picture' },
  });
}

process.on('message', (message: ToVm) => {
  if (message.type === 'start') void start(message);
  if (message.type === 'call') {
    tell({ type: 'reply', id: message.id, value: undefined });
    if (message.call.name === 'power-off') process.exit(0);
  }
});
process.on('disconnect', () => process.exit(0));
setInterval(() => tell({ type: 'heartbeat', machineAlive: true }), HEARTBEAT_MS);
tell({ type: 'ready' });
