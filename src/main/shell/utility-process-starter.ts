import { utilityProcess, type MessagePortMain, type UtilityProcess } from 'electron';
import type { ToDiskJob } from '../../shared/disk-jobs/protocol.js';
import type { ToVm } from '../../shared/vm-process/protocol.js';
import type { ProcessExit, ProcessStarter, VmChild } from '../host/supervisor/process-starter.js';

/** How much of a process's standard error is kept for its obituary, in characters. */
const STDERR_TAIL = 4000;

/** Starts VM processes as Electron utility processes: no window, no Chromium rights, and ports can be handed to them. */
export class UtilityProcessStarter implements ProcessStarter {
  readonly transfersPorts = true;

  /** @param entry the built VM process bundle */
  constructor(private readonly entry: string) {}

  start(title: string): Promise<VmChild> {
    const child = utilityProcess.fork(this.entry, [title], { serviceName: title, stdio: 'pipe' });
    return new Promise((resolve, reject) => {
      child.once('spawn', () => resolve(new UtilityChild(child)));
      child.once('exit', (code) => reject(new Error(`the VM process ended with ${code} before it started`)));
    });
  }
}

class UtilityChild implements VmChild {
  readonly pid: number;
  private stderr = '';
  private exit: ProcessExit | undefined;
  private readonly exitListeners: ((exit: ProcessExit) => void)[] = [];

  constructor(private readonly child: UtilityProcess) {
    this.pid = child.pid!;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_TAIL);
    });
    child.once('exit', (code) => this.gone({ code, signal: null, stderr: this.stderr }));
  }

  send(message: ToVm | ToDiskJob, ports: readonly MessagePortMain[] = []): void {
    this.child.postMessage(message, [...ports]);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.child.on('message', listener);
  }

  onExit(listener: (exit: ProcessExit) => void): void {
    if (this.exit) listener(this.exit);
    else this.exitListeners.push(listener);
  }

  /** Electron's own `kill` asks politely; a VM process that must go may be past listening. */
  kill(): void {
    try {
      process.kill(this.pid, 'SIGKILL');
    } catch {
      this.child.kill();
    }
  }

  private gone(exit: ProcessExit): void {
    this.exit = exit;
    this.exitListeners.forEach((listener) => listener(exit));
  }
}
