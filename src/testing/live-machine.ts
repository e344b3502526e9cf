import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import { machineRights } from '../main/host/supervisor/process-rights.js';
import { ForkStarter } from '../main/host/supervisor/fork-starter.js';
import { RunningMachine } from '../main/host/supervisor/running-machine.js';
import type { SocketChannel } from '../main/node/socket-channel.js';
import { machineConfigSchema, type MachineConfig } from '../shared/config/machine-config.js';
import type { FromVm, SavedState, StateSource, VmCall, VmOutcome, VmPlan } from '../shared/vm-process/protocol.js';

const ENTRY = path.resolve('out/main/vmhost.js');

export interface LiveMachineOptions {
  /** Where state files and sockets go. */
  readonly folder: string;
  readonly config: Omit<Partial<MachineConfig>, 'version' | 'id' | 'createdAt' | 'name'>;
  /** Backing files of each drive, top to base. */
  readonly backing?: VmPlan['backing'];
  readonly restoreFrom?: StateSource;
  /** The interpreter unless told otherwise. */
  readonly engine?: VmPlan['engine']['engine'];
  /** Processor features the guest is not to know of. */
  readonly withheldFeatures?: readonly string[];
}

type News<T extends FromVm['type']> = Extract<FromVm, { type: T }>;

/** A machine in a VM process of its own, as the host runs them, with its serial line at hand. Needs a built product. */
export class LiveMachine {
  /** What the guest has printed on COM1. */
  output = '';
  outcome: VmOutcome | 'process-died' | undefined;
  private line: SocketChannel | undefined;
  private readonly news: FromVm[] = [];
  private readonly watchers = new Set<() => void>();

  private constructor(private readonly machine: RunningMachine) {}

  /** Starts a process; a restored machine is let run. */
  static async start(options: LiveMachineOptions): Promise<LiveMachine> {
    const live = LiveMachine.prepare(options);
    const drives = options.config.drives ?? [];
    await live.machine.start(await machineRights([options.folder], drives, options.engine ?? 'interpreter'));
    await live.openLine();
    if (options.restoreFrom) await live.call({ name: 'resume' });
    return live;
  }

  call<C extends VmCall>(call: C): ReturnType<typeof this.machine.call<C>> {
    return this.machine.call(call);
  }

  /** Takes a snapshot and waits for its file. @throws if that fails */
  async snapshot(file: string, options: { incremental?: boolean; heads?: Record<string, string> } = {}) {
    const { incremental = true, heads = {} } = options;
    const point = await this.call({ name: 'take-snapshot', path: file, incremental, heads, thumbnailWidth: 320 });
    return { point, saved: await this.saved(file) };
  }

  /** What became of a state file. */
  async saved(file: string): Promise<SavedState> {
    const news = await this.heard('snapshot-saved', (told) => told.path === file);
    if (!news.result.ok) throw new Error(news.result.error.message);
    return news.result.saved;
  }

  /** News of a kind, past or future. */
  async heard<T extends FromVm['type']>(type: T, fits: (news: News<T>) => boolean = () => true): Promise<News<T>> {
    const find = () => this.news.find((told): told is News<T> => told.type === type && fits(told as News<T>));
    await this.until(() => find() !== undefined, 120, `told of ${type}`);
    return find()!;
  }

  type(text: string): void {
    this.line?.send(new TextEncoder().encode(text));
  }

  /** Types a line on the serial console and waits for what follows it. @returns what the guest printed */
  async command(line: string, answer: string | RegExp, seconds = 60): Promise<string> {
    const from = this.output.length;
    this.type(`${line}\n`);
    await this.waitFor(answer, seconds, from);
    return this.output.slice(from);
  }

  waitFor(text: string | RegExp, seconds: number, from = 0): Promise<void> {
    const seen = (): boolean => {
      const output = this.output.slice(from);
      return typeof text === 'string' ? output.includes(text) : text.test(output);
    };
    return this.until(seen, seconds, `printed ${String(text)}`);
  }

  whenEnded(): Promise<void> {
    return this.machine.whenEnded();
  }

  kill(): void {
    this.machine.kill();
  }

  private static prepare({
    folder,
    config,
    backing = {},
    restoreFrom,
    engine = 'interpreter',
    withheldFeatures = [],
  }: LiveMachineOptions): LiveMachine {
    const listener = {
      onChange: () => undefined,
      onNews: (told: FromVm) => live.hear(told),
      onStalled: () => undefined,
      onProcess: () => Promise.resolve(),
      onEnd: (end: { outcome: VmOutcome | 'process-died' }) => {
        live.outcome = end.outcome;
        live.changed();
        return Promise.resolve();
      },
    };
    const plan: VmPlan = {
      config: machineConfigSchema.parse({
        version: 1,
        id: randomUUID(),
        name: 'live',
        memoryMiB: 256,
        createdAt: new Date(0).toISOString(),
        ...config,
      }),
      backing,
      logPath: path.join(folder, 'machine.log'),
      bulk: { path: path.join(folder, `${randomBytes(4).toString('hex')}.sock`), secret: 'secret' },
      firmware: null,
      engine: { engine, reasonCode: 'chosen-by-person', reason: 'a test' },
      withheldFeatures: [...withheldFeatures],
      endOnReset: true,
      lastScreenWidth: null,
      restoreFrom: restoreFrom ?? null,
    };
    const live: LiveMachine = new LiveMachine(new RunningMachine(plan, new ForkStarter(ENTRY), listener));
    return live;
  }

  private async openLine(): Promise<void> {
    this.line = await this.machine.openChannel('serial1');
    const decoder = new TextDecoder();
    this.line.onMessage((bytes) => {
      this.output += decoder.decode(bytes, { stream: true });
      this.changed();
    });
  }

  private hear(told: FromVm): void {
    if (told.type !== 'metrics' && told.type !== 'activity') this.news.push(told);
    this.changed();
  }

  private changed(): void {
    this.watchers.forEach((check) => check());
  }

  private until(done: () => boolean, seconds: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.watchers.delete(check);
        act();
      };
      const failure = (why: string): Error =>
        new Error(`the machine ${why} before it ${what}; last output:\n${this.output.slice(-2000)}`);
      const check = (): void => {
        if (done()) settle(resolve);
        else if (this.outcome) settle(() => reject(failure(`ended (${this.outcome})`)));
      };
      const timer = setTimeout(() => settle(() => reject(failure('was given up'))), seconds * 1000);
      this.watchers.add(check);
      check();
    });
  }
}
