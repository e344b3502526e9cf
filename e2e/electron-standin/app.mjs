import { EventEmitter } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** `ANNEX_STANDIN_HOME` keeps what Electron would put under the person's home. */
const home = process.env.ANNEX_STANDIN_HOME ?? path.join(tmpdir(), 'annex-standin');
const lockFile = path.join(home, 'instance.lock');

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

class App extends EventEmitter {
  name = 'Annex';
  isPackaged = false;

  whenReady = () => Promise.resolve();
  getVersion = () => '0.0.0-standin';
  getAppPath = () => process.cwd();

  getPath(name) {
    const folder = path.join(home, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** One instance per home: the second wakes the first by a signal, as Electron does by its own channel. */
  requestSingleInstanceLock() {
    mkdirSync(home, { recursive: true });
    try {
      closeSync(openSync(lockFile, 'wx'));
    } catch {
      const owner = Number(readFileSync(lockFile, 'utf8'));
      if (alive(owner)) {
        process.kill(owner, 'SIGUSR2');
        return false;
      }
    }
    writeFileSync(lockFile, String(process.pid));
    process.on('SIGUSR2', () => this.emit('second-instance', {}, [], process.cwd()));
    process.on('exit', () => unlinkSync(lockFile));
    return true;
  }

  quit() {
    this.exit(0);
  }

  exit(code = 0) {
    this.emit('will-quit', { preventDefault() {} });
    process.exit(code);
  }
}

export const app = new App();
process.on('SIGTERM', () => app.exit(0));
