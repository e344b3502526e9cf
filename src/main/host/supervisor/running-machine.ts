import { AnnexError, type WireError } from '../../../shared/contract/errors.js';
import type { EngineReport, PowerState } from '../../../shared/contract/machine-view.js';
import type { ChannelKind, LastLook, VmCall, VmOutcome, VmPlan, VmReply } from '../../../shared/vm-process/protocol.js';
import type { SocketChannel } from '../../node/socket-channel.js';
import { openBulkChannel } from './bulk-client.js';
import { HeartbeatWatch } from './heartbeat.js';
import type { ProcessExit, ProcessRights, ProcessStarter, VmChild } from './process-starter.js';
import { VmLink, type VmNews } from './vm-link.js';

/** How often a process that dies before it is ready is started anew. */
const START_ATTEMPTS = 2;

/** Time a process has to close its disks after power-off before it is ended by force, in ms. */
const POWER_OFF_GRACE_MS = 10_000;

/** How a run ended: `error` is null for an orderly end. */
export interface RunEnd {
  readonly outcome: VmOutcome | 'process-died';
  readonly error: WireError | null;
  /** What there was to see at the end; null if the process had no time to say. */
  readonly lastLook: LastLook | null;
}

export interface RunListener {
  /** State, problem, engine or drives changed. */
  onChange(): void;
  onNews(news: VmNews): void;
  onStalled(stalled: boolean): void;
  /** The process is gone. What this does is over before anybody is told of the end. */
  onEnd(end: RunEnd): Promise<void>;
  /** The process exists and is about to be told its plan: the moment to lock the machine in its name. */
  onProcess(pid: number): Promise<void>;
}

/** One machine that is on: its process from start to end. Not reused. */
export class RunningMachine {
  state: Extract<PowerState, 'starting' | 'running' | 'paused' | 'stopping' | 'suspending'> = 'starting';
  problem: WireError | null = null;
  engine: EngineReport | null = null;
  readonly startedAt = Date.now();
  private child!: VmChild;
  private link!: VmLink;
  private readonly heartbeat = new HeartbeatWatch((stalled) => this.listener.onStalled(stalled));
  private announced: RunEnd | undefined;
  private ending: Promise<void> | undefined;
  private readonly endListeners: (() => void)[] = [];
  private readonly newsListeners = new Set<(news: VmNews) => void>();
  private settleStart: { resolve(): void; reject(error: AnnexError): void } | undefined;

  constructor(
    private readonly plan: VmPlan,
    private readonly starter: ProcessStarter,
    private readonly listener: RunListener,
  ) {}

  /** Resolves when the machine runs. @throws AnnexError why it does not; the run has ended then */
  async start(rights: ProcessRights): Promise<void> {
    try {
      await this.launch(rights);
      await this.listener.onProcess(this.child.pid);
      const started = new Promise<void>((resolve, reject) => (this.settleStart = { resolve, reject }));
      this.link.tell({ type: 'start', plan: this.plan });
      await started;
    } catch (error) {
      const reason = error instanceof AnnexError ? error : spawnError(error);
      this.child?.kill();
      await this.finish({ outcome: 'failed', error: reason.toWire(), lastLook: null });
      throw reason;
    }
  }

  /** @throws AnnexError */
  call<C extends VmCall>(call: C): Promise<VmReply<C['name']>> {
    return this.link.call(call);
  }

  tell(...message: Parameters<VmLink['tell']>): void {
    this.link.tell(...message);
  }

  openChannel(kind: ChannelKind): Promise<SocketChannel> {
    return openBulkChannel(this.plan.bulk.path, { kind, secret: this.plan.bulk.secret });
  }

  /** Cuts the power: disks are closed in order if the process still listens, else it is ended by force. */
  async powerOff(): Promise<void> {
    this.change('stopping');
    const force = setTimeout(() => this.child.kill(), POWER_OFF_GRACE_MS);
    try {
      await this.link.call({ name: 'power-off' });
    } catch {
      this.child.kill();
    }
    await this.whenEnded();
    clearTimeout(force);
  }

  /** What the process tells from now on. @returns how to stop listening */
  onNews(listener: (news: VmNews) => void): () => void {
    this.newsListeners.add(listener);
    return () => this.newsListeners.delete(listener);
  }

  /** Shows that the machine is being saved and about to end. @returns how to show what it showed before */
  showSuspending(): () => void {
    const { state, problem } = this;
    this.change('suspending');
    return () => this.change(state, problem);
  }

  /** Ends the process without asking it. */
  kill(): void {
    this.child.kill();
  }

  whenEnded(): Promise<void> {
    return this.ending ?? new Promise((resolve) => this.endListeners.push(resolve));
  }

  private async launch(rights: ProcessRights): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const child = await this.starter.start(this.plan.config.name, rights);
      const exit = await this.awaitReady(child);
      if (!exit) return;
      if (attempt === START_ATTEMPTS) throw diedError(exit);
    }
  }

  /** The exit of a process that died before it was ready. */
  private awaitReady(child: VmChild): Promise<ProcessExit | undefined> {
    return new Promise((resolve) => {
      let ready = false;
      this.child = child;
      this.link = new VmLink(child, {
        onNews: (news) => {
          if (news.type !== 'ready') return this.hear(news);
          ready = true;
          this.heartbeat.start();
          resolve(undefined);
        },
        onExit: (exit) => (ready ? this.processGone(exit) : resolve(exit)),
      });
    });
  }

  private hear(news: VmNews): void {
    if (news.type === 'heartbeat') return this.heartbeat.beat(news.machineAlive);
    if (news.type === 'started') this.begin(news.engine);
    else if (news.type === 'power') this.change(news.state, news.problem);
    else if (news.type === 'ended') this.announced = news;
    this.listener.onNews(news);
    this.newsListeners.forEach((listener) => listener(news));
  }

  private begin(engine: EngineReport): void {
    this.engine = engine;
    this.change(this.plan.restoreFrom ? 'paused' : 'running');
    this.settleStart?.resolve();
  }

  private change(state: RunningMachine['state'], problem: WireError | null = null): void {
    if (this.state === 'stopping' || this.ending) return;
    this.state = state;
    this.problem = problem;
    this.listener.onChange();
  }

  private processGone(exit: ProcessExit): void {
    const end = this.announced ?? this.unannounced(exit);
    this.settleStart?.reject(end.error ? AnnexError.fromWire(end.error) : diedError(exit));
    void this.finish(end);
  }

  private unannounced(exit: ProcessExit): RunEnd {
    if (this.state === 'stopping') return { outcome: 'power-off', error: null, lastLook: null };
    return { outcome: 'process-died', error: diedError(exit).toWire(), lastLook: null };
  }

  private finish(end: RunEnd): Promise<void> {
    this.heartbeat.stop();
    this.ending ??= this.listener.onEnd(end).finally(() => this.endListeners.forEach((listener) => listener()));
    return this.ending;
  }
}

function diedError(exit: ProcessExit): AnnexError {
  const how = exit.signal ? `signal ${exit.signal}` : `exit code ${exit.code}`;
  return new AnnexError(
    'vm-process-died',
    `The process running this machine ended unexpectedly (${how}). Its disks are as the guest last wrote them; start it again.`,
    { how },
    exit.stderr ? { cause: exit.stderr.trim() } : undefined,
  );
}

function spawnError(cause: unknown): AnnexError {
  return new AnnexError('internal', "The machine's process could not be started.", {}, { cause });
}
