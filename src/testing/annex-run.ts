import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import path from 'node:path';

const ANNEX = path.resolve('bin/annex.js');

/** `annex run` with its guest's serial line on our pipes: what a person at a terminal has. Needs a built product. */
export class AnnexRun {
  private readonly child: ChildProcessWithoutNullStreams;
  private output = '';
  private errors = '';
  private readonly exited: Promise<number | null>;
  private readonly watchers = new Set<() => void>();

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [ANNEX, 'run', ...args]);
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.watchers.forEach((check) => check());
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code) => {
        this.watchers.forEach((check) => check());
        resolve(code);
      });
    });
  }

  /** What the guest has printed so far. */
  get screen(): string {
    return this.output;
  }

  /** What `annex` itself said on standard error. */
  get messages(): string {
    return this.errors;
  }

  /** Resolves when the guest has printed `text` after position `from`. @throws with what it printed if it does not */
  waitFor(text: string | RegExp, timeoutSeconds: number, from = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (act: () => void): void => {
        clearTimeout(timer);
        this.watchers.delete(check);
        act();
      };
      const check = (): void => {
        const seen = this.output.slice(from);
        if (typeof text === 'string' ? seen.includes(text) : text.test(seen)) done(resolve);
        else if (this.child.exitCode !== null) done(() => reject(this.failure(`ended before it printed ${text}`)));
      };
      const timer = setTimeout(
        () => done(() => reject(this.failure(`did not print ${text} in ${timeoutSeconds} s`))),
        timeoutSeconds * 1000,
      );
      this.watchers.add(check);
      check();
    });
  }

  /** Types a line on the serial console and waits for what follows it. */
  async command(line: string, answer: string | RegExp, timeoutSeconds = 60): Promise<void> {
    const from = this.output.length;
    this.child.stdin.write(`${line}\n`);
    await this.waitFor(answer, timeoutSeconds, from);
  }

  type(text: string): void {
    this.child.stdin.write(text);
  }

  /** Exit code, once the command has ended. */
  end(): Promise<number | null> {
    return this.exited;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private failure(what: string): Error {
    return new Error(`annex run ${what}; last output:\n${this.output.slice(-3000)}\n${this.errors.slice(-1000)}`);
  }
}
