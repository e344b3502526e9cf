// Gives a forked process the `process.parentPort` a utility process has.
import { EventEmitter } from 'node:events';

/** The child's end of a relayed port, with the interface of Electron's MessagePortMain. */
class RelayedPort extends EventEmitter {
  constructor(id) {
    super();
    this.id = id;
  }

  start() {}

  postMessage(data) {
    process.send({ standinPort: this.id, data });
  }

  close() {
    process.send({ standinPort: this.id, closed: true });
  }
}

if (process.send) {
  const parent = new EventEmitter();
  const ports = new Map();
  parent.postMessage = (message) => process.send(message);
  parent.start = () => undefined;
  process.on('message', (received) => {
    if (received.standinPort !== undefined) {
      const port = ports.get(received.standinPort);
      if (received.closed) port?.emit('close');
      else port?.emit('message', { data: received.data, ports: [] });
      return;
    }
    const arrived = received.standinPorts.map((id) => new RelayedPort(id));
    for (const port of arrived) ports.set(port.id, port);
    parent.emit('message', { data: received.message, ports: arrived });
  });
  Object.defineProperty(process, 'parentPort', { value: parent });
}
