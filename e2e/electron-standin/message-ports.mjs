import { EventEmitter } from 'node:events';
import { MessageChannel } from 'node:worker_threads';

/** Electron's port over Node's: messages are events with `data`, and nothing flows before `start()`. */
export class MessagePortMain extends EventEmitter {
  constructor(port) {
    super();
    this.port = port;
  }

  start() {
    this.port.on('message', (data) => this.emit('message', { data, ports: [] }));
    this.port.on('close', () => this.emit('close'));
  }

  postMessage(data, transfer = []) {
    this.port.postMessage(
      data,
      transfer.map((item) => item.port ?? item),
    );
  }

  close() {
    this.port.close();
  }
}

export class MessageChannelMain {
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port1 = new MessagePortMain(port1);
    this.port2 = new MessagePortMain(port2);
  }
}
