import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';

/** A utility process as a forked one. A port cannot cross a process here, so what it carries is relayed as messages. */
class UtilityProcess extends EventEmitter {
  constructor(child) {
    super();
    this.child = child;
    this.ports = new Map();
    this.nextPort = 1;
    child.on('spawn', () => this.emit('spawn'));
    child.on('message', (message) => {
      if (message?.standinPort === undefined) this.emit('message', message);
      else this.relayToPort(message);
    });
    child.on('exit', (code, signal) => this.emit('exit', code ?? (signal === 'SIGKILL' ? 9 : 1)));
  }

  get pid() {
    return this.child.pid;
  }

  get stdout() {
    return this.child.stdout;
  }

  get stderr() {
    return this.child.stderr;
  }

  postMessage(message, ports = []) {
    this.sendToChild({ message, standinPorts: ports.map((port) => this.adoptPort(port)) });
  }

  adoptPort(port) {
    const id = this.nextPort++;
    this.ports.set(id, port);
    port.on('message', ({ data }) => this.sendToChild({ standinPort: id, data }));
    port.on('close', () => this.sendToChild({ standinPort: id, closed: true }));
    port.start();
    return id;
  }

  relayToPort({ standinPort, data, closed }) {
    const port = this.ports.get(standinPort);
    if (closed) port?.close();
    else port?.postMessage(data);
  }

  sendToChild(message) {
    if (this.child.connected) this.child.send(message);
  }

  kill() {
    return this.child.kill();
  }
}

const parentPort = new URL('./parent-port.mjs', import.meta.url).href;

export const utilityProcess = {
  fork: (module, args = [], options = {}) =>
    new UtilityProcess(
      fork(module, args, {
        env: options.env ?? process.env,
        execArgv: ['--import', parentPort, ...(options.execArgv ?? [])],
        serialization: 'advanced',
        stdio: options.stdio === 'pipe' ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    ),
};
