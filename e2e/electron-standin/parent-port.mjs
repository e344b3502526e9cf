// Gives a forked process the `process.parentPort` a utility process has.
import { EventEmitter } from 'node:events';

if (process.send) {
  const port = new EventEmitter();
  port.postMessage = (message) => process.send(message);
  port.start = () => undefined;
  process.on('message', (data) => port.emit('message', { data, ports: [] }));
  Object.defineProperty(process, 'parentPort', { value: port });
}
