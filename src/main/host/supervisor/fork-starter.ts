import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import type { ProcessExit, ProcessRights, ProcessStarter, VmChild } from './process-starter.js';

/** How much of a process's standard error is kept for its obituary, in characters. */
const STDERR_TAIL = 4000;

/** First Node major version whose permission model covers worker threads and files without being experimental. */
const PERMISSION_MODEL_SINCE = 24;

/** Environment a VM process needs; the rest of ours, with whatever secrets it holds, stays here. */
const PASSED_ENVIRONMENT = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'TZ', 'NODE_V8_COVERAGE'];

/**
 * For the GNU C library: what is larger than this is given back to the system when it is freed. By itself it raises the
 * limit with what is freed, up to 32 MiB, and keeps what V8's compiler has needed for a large region.
 */
const ALLOCATOR = { MALLOC_MMAP_THRESHOLD_: String(256 << 10) };

/** Starts VM processes as children of a plain Node process, with Node's permission model on where it has one. */
export class ForkStarter implements ProcessStarter {
  readonly transfersPorts = false;

  /** @param entry the built VM process bundle */
  constructor(private readonly entry: string) {}

  async start(title: string, rights: ProcessRights): Promise<VmChild> {
    const child = fork(this.entry, [title], {
      execArgv: permissionFlags(rights),
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...ALLOCATOR, ...passedEnvironment() },
    });
    await once(child, 'spawn');
    return new ForkedChild(child);
  }
}

function passedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    PASSED_ENVIRONMENT.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
}

function permissionFlags(rights: ProcessRights): string[] {
  if (Number(process.versions.node.split('.')[0]) < PERMISSION_MODEL_SINCE) return [];
  return [
    '--permission',
    '--allow-worker',
    '--disable-warning=SecurityWarning',
    '--allow-fs-read=*',
    ...(rights.nativeCode ? ['--allow-addons'] : []),
    ...rights.writable.map((path) => `--allow-fs-write=${path}`),
  ];
}

class ForkedChild implements VmChild {
  private stderr = '';
  private exit: ProcessExit | undefined;
  private readonly exitListeners: ((exit: ProcessExit) => void)[] = [];

  constructor(private readonly child: ChildProcess) {
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_TAIL);
    });
    // `close` follows `exit` and the last of standard error.
    child.on('close', (code, signal) => this.gone({ code, signal, stderr: this.stderr }));
    child.on('error', () => {});
  }

  get pid(): number {
    return this.child.pid!;
  }

  send(message: object, [socket]: readonly unknown[] = []): void {
    if (!(socket instanceof Socket)) return void (this.child.connected && this.child.send(message, () => {}));
    // A server whose sockets were handed on would not close before the child has closed them.
    Object.assign(socket, { server: null });
    if (this.child.connected) this.child.send(message, socket, () => socket.destroy());
    else socket.destroy();
  }

  onMessage(listener: (message: unknown) => void): void {
    this.child.on('message', listener);
  }

  onExit(listener: (exit: ProcessExit) => void): void {
    if (this.exit) listener(this.exit);
    else this.exitListeners.push(listener);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private gone(exit: ProcessExit): void {
    this.exit = exit;
    this.exitListeners.forEach((listener) => listener(exit));
  }
}
