import { writeFileSync } from 'node:fs';
import type { WireError } from '../shared/contract/errors.js';
import type { FromVm, ToVm, VmCall, VmPlan } from '../shared/vm-process/protocol.js';
import type { ProcessExit, ProcessStarter, VmChild } from '../main/host/supervisor/process-starter.js';

const SAVED = { fileBytes: 5, savedBytes: 5, zeroBytes: 0, baseBytes: 0, saveMs: 1 };
const POINT = { base: null, pauseMs: 1, thumbnail: { png: 'AAAA', width: 1, height: 1 } };
const ENGINE = { engine: 'interpreter', reasonCode: 'only-software-engine', reason: 'test' } as const;

export type MergeDownCall = Extract<VmCall, { name: 'merge-down' }>;

/** A VM process that exists only as messages: obeys like a good one, and misbehaves when a test says so. */
export class FakeVm implements VmChild {
  /** A living process, so that locks taken in its name hold. */
  readonly pid = process.pid;
  readonly received: ToVm[] = [];
  plan: VmPlan | undefined;
  killed = false;
  /** Calls end with this error. */
  refusal: WireError | undefined;
  /** Does the work of a `merge-down` on the files; without it they stay as they are. @returns whether they are mirrored */
  merge: ((plan: VmPlan, call: MergeDownCall) => Promise<boolean>) | undefined;
  private lastState: string | null = null;
  /** What becomes of a state file in place of success. */
  saveFailure: { readonly ok: false; readonly error: WireError } | undefined;
  /** Whether calls are answered. */
  answers = true;
  /** The first message that something came along with, and what. */
  readonly handedOver: Promise<[ToVm, readonly unknown[]]>;
  private handOver!: (handed: [ToVm, readonly unknown[]]) => void;
  private readonly unanswered: ToVm[] = [];
  private readonly messageListeners: ((message: unknown) => void)[] = [];
  private readonly exitListeners: ((exit: ProcessExit) => void)[] = [];

  constructor(private readonly startFailure: FromVm | undefined) {
    this.handedOver = new Promise((resolve) => (this.handOver = resolve));
    setImmediate(() => this.say({ type: 'ready' }));
  }

  send(message: ToVm, transfer?: readonly unknown[]): void {
    this.received.push(message);
    if (transfer) this.handOver([message, transfer]);
    queueMicrotask(() => this.obey(message));
  }

  onMessage(listener: (message: unknown) => void): void {
    this.messageListeners.push(listener);
  }

  onExit(listener: (exit: ProcessExit) => void): void {
    this.exitListeners.push(listener);
  }

  /** Answers again, and first what it has been asked meanwhile. */
  goOn(): void {
    this.answers = true;
    this.unanswered.splice(0).forEach((message) => this.obey(message));
  }

  kill(): void {
    this.killed = true;
    this.exit({ code: null, signal: 'SIGKILL', stderr: '' });
  }

  /** @param message unchecked, so that tests can send rubbish */
  say(message: unknown): void {
    this.messageListeners.forEach((listener) => listener(message));
  }

  exit(exit: ProcessExit): void {
    this.exitListeners.splice(0).forEach((listener) => listener(exit));
  }

  private obey(message: ToVm): void {
    if (message.type === 'start') this.start(message.plan);
    else if (message.type === 'call' && this.answers) this.call(message);
    else if (message.type === 'call') this.unanswered.push(message);
  }

  private start(plan: VmPlan): void {
    this.plan = plan;
    this.lastState = plan.restoreFrom?.path ?? null;
    this.say(this.startFailure ?? { type: 'started', engine: ENGINE });
    if (this.startFailure) this.exit({ code: 1, signal: null, stderr: '' });
  }

  private call({ id, call }: Extract<ToVm, { type: 'call' }>): void {
    if (this.refusal) return this.say({ type: 'failure', id, error: this.refusal });
    if (call.name === 'merge-down' && this.merge)
      return void this.merge(this.plan!, call).then((mirrored) => this.say({ type: 'reply', id, value: { mirrored } }));
    if (call.name === 'take-snapshot' || call.name === 'suspend') writeFileSync(call.path, 'state');
    if (call.name === 'pause') this.say({ type: 'power', state: 'paused', problem: null });
    if (call.name === 'resume') this.say({ type: 'power', state: 'running', problem: null });
    this.say({ type: 'reply', id, value: call.name === 'take-snapshot' ? this.pointOf(call) : replyTo(call.name) });
    if (call.name === 'take-snapshot')
      this.say({ type: 'snapshot-saved', path: call.path, result: this.saveFailure ?? { ok: true, saved: SAVED } });
    if (call.name !== 'power-off' && call.name !== 'suspend') return;
    const outcome = call.name === 'suspend' ? 'suspended' : 'power-off';
    this.say({ type: 'ended', outcome, error: null, lastLook: null });
    this.exit({ code: 0, signal: null, stderr: '' });
  }

  /** What a state would build on: the one before, where that is asked for. */
  private pointOf({ path, incremental }: Extract<VmCall, { name: 'take-snapshot' }>): unknown {
    const base = incremental ? this.lastState : null;
    if (!this.saveFailure) this.lastState = path;
    return { ...POINT, base };
  }
}

function replyTo(name: string): unknown {
  if (name === 'type') return { typed: 1, skipped: '' };
  if (name === 'screenshot') return { png: '', width: 720, height: 400 };
  if (name === 'merge-down') return { mirrored: true };
  if (name === 'suspend') return { ...POINT, saved: SAVED };
  if (name === 'screen-text') return { text: 'hello' };
  return name === 'stats' ? { stats: {} } : undefined;
}

/** Starts {@link FakeVm}s and remembers them. */
export class FakeVmStarter implements ProcessStarter {
  readonly transfersPorts = false;
  readonly started: FakeVm[] = [];
  /** Said by the next processes instead of `started`, before they exit. */
  startFailure: FromVm | undefined;

  /** @param merge how its processes merge layers down */
  constructor(private readonly merge?: FakeVm['merge']) {}

  start(): Promise<VmChild> {
    const vm = new FakeVm(this.startFailure);
    vm.merge = this.merge;
    this.started.push(vm);
    return Promise.resolve(vm);
  }

  /** The latest. */
  get vm(): FakeVm {
    return this.started.at(-1)!;
  }
}
