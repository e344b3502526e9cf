import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';

/** A utility process as a forked one: `postMessage` and `message` are the same, ports cannot cross. */
class UtilityProcess extends EventEmitter {
  constructor(child) {
    super();
    this.child = child;
    child.on('spawn', () => this.emit('spawn'));
    child.on('message', (message) => this.emit('message', message));
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

  postMessage(message) {
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
