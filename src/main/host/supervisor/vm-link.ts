import { AnnexError } from '../../../shared/contract/errors.js';
import {
  fromVmSchema,
  vmReplySchemas,
  type FromVm,
  type ToVm,
  type VmCall,
  type VmReply,
} from '../../../shared/vm-process/protocol.js';
import type { ProcessExit, VmChild } from './process-starter.js';

/** Longest wait for an answer of a VM process, in ms; disks may have to be flushed meanwhile. */
const CALL_TIMEOUT_MS = 20_000;
/**
 * The same, since the last progress was told, for calls that move all of a guest's memory or much of a disk: they take as
 * long as they go on.
 */
const STALL_TIMEOUT_MS = 5 * 60_000;
/** What such calls tell of their progress. */
const PROGRESS_NEWS: ReadonlyMap<VmCall['name'], VmNews['type']> = new Map([
  ['take-snapshot', 'snapshot-progress'],
  ['suspend', 'snapshot-progress'],
  ['merge-layer', 'merge-progress'],
  ['merge-down', 'merge-progress'],
]);

interface PendingCall {
  readonly name: VmCall['name'];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AnnexError) => void;
  readonly timeout: NodeJS.Timeout;
}

/** What the process tells without being asked. */
export type VmNews = Exclude<FromVm, { type: 'reply' | 'failure' }>;

export interface VmLinkListener {
  onNews(news: VmNews): void;
  onExit(exit: ProcessExit): void;
}

/** Calls and news between the host and one VM process; everything the process says is checked. */
export class VmLink {
  private nextId = 1;
  private ended = false;
  private readonly pending = new Map<number, PendingCall>();

  constructor(
    private readonly child: VmChild,
    private readonly listener: VmLinkListener,
  ) {
    child.onMessage((message) => this.receive(message));
    child.onExit((exit) => this.end(exit));
  }

  tell(message: ToVm, transfer?: readonly unknown[]): void {
    this.child.send(message, transfer);
  }

  /** @throws AnnexError of the VM process; `vm-process-silent` without an answer; `vm-process-died` if it ends meanwhile */
  call<C extends VmCall>(call: C): Promise<VmReply<C['name']>> {
    if (this.ended) return Promise.reject(endedError());
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const patience = PROGRESS_NEWS.has(call.name) ? STALL_TIMEOUT_MS : CALL_TIMEOUT_MS;
      const timeout = setTimeout(() => this.giveUp(id), patience);
      this.pending.set(id, { name: call.name, resolve: resolve as (value: unknown) => void, reject, timeout });
      this.child.send({ type: 'call', id, call });
    });
  }

  private receive(message: unknown): void {
    const parsed = fromVmSchema.safeParse(message);
    // A process that talks nonsense is broken or taken over: it must not go on with the disks in its hands.
    if (!parsed.success) return this.child.kill();
    const news = parsed.data;
    if (news.type === 'reply') this.settle(news.id, (call) => this.accept(call, news.value));
    else if (news.type === 'failure') this.settle(news.id, (call) => call.reject(AnnexError.fromWire(news.error)));
    else {
      for (const call of this.pending.values()) if (PROGRESS_NEWS.get(call.name) === news.type) call.timeout.refresh();
      this.listener.onNews(news);
    }
  }

  private accept(call: PendingCall, value: unknown): void {
    const schema = call.name in vmReplySchemas ? vmReplySchemas[call.name as keyof typeof vmReplySchemas] : undefined;
    if (!schema) return call.resolve(undefined);
    const parsed = schema.safeParse(value);
    if (parsed.success) call.resolve(parsed.data);
    else
      call.reject(new AnnexError('internal', `The machine's process answered ${call.name} with something unexpected.`));
  }

  private settle(id: number, how: (call: PendingCall) => void): void {
    const call = this.pending.get(id);
    if (!call) return;
    clearTimeout(call.timeout);
    this.pending.delete(id);
    how(call);
  }

  private giveUp(id: number): void {
    this.settle(id, (call) =>
      call.reject(new AnnexError('vm-process-silent', 'The machine does not answer. Power it off and start it again.')),
    );
  }

  private end(exit: ProcessExit): void {
    this.ended = true;
    for (const id of [...this.pending.keys()]) this.settle(id, (call) => call.reject(endedError()));
    this.listener.onExit(exit);
  }
}

function endedError(): AnnexError {
  return new AnnexError('vm-process-died', "The machine's process has ended.");
}
