import type { Logger } from 'pino';
import { toWireError, type AnnexError } from '../../shared/contract/errors.js';
import {
  HEARTBEAT_MS,
  toVmSchema,
  type FromVm,
  type LastLook,
  type ToVm,
  type VmOutcome,
} from '../../shared/vm-process/protocol.js';
import { BulkServer } from './bulk/bulk-server.js';
import { PortChannel } from './bulk/port-channel.js';
import { acceptWebSocket } from './bulk/web-socket-channel.js';
import type { ParentLink, Transfer } from './parent-link.js';
import { VirtualMachine } from './virtual-machine.js';
import { openLog } from './vm-log.js';

/** Time between two metrics samples, in ms: while somebody watches, and otherwise. */
const WATCHED_MS = 1000;
const UNWATCHED_MS = 5000;

/** Heartbeats the machine thread may miss before it counts as stuck. */
const STUCK_BEATS = 3;

/** A VM process: one machine between its parent, its log and its bulk channels. */
export class VmProcess {
  private machine: VirtualMachine | undefined;
  private bulk: BulkServer | undefined;
  private log: Logger = openLog(null);
  private metricsTimer: NodeJS.Timeout | undefined;
  private missedBeats = 0;

  constructor(
    private readonly parent: ParentLink<FromVm>,
    private readonly exit: (code: number) => void,
  ) {
    parent.onMessage((message, transfer) => this.receive(message, transfer));
    parent.onGone(() => void this.orphaned());
    setInterval(() => this.beat(), HEARTBEAT_MS).unref();
    void parent.send({ type: 'ready' });
  }

  private receive(message: unknown, transfer: Transfer): void {
    const parsed = toVmSchema.safeParse(message);
    if (!parsed.success) return this.log.error({ issues: parsed.error.issues }, 'message not understood');
    void this.obey(parsed.data, transfer);
  }

  private async obey(message: ToVm, { port, socket }: Transfer): Promise<void> {
    switch (message.type) {
      case 'start':
        return this.start(message.plan);
      case 'call':
        return this.answer(message);
      case 'input':
        return this.machine?.input(message.events);
      case 'watch':
        return this.watch(message.watching);
      case 'channel':
        if (port) this.machine?.openChannel(message.kind, new PortChannel(port));
        return;
      case 'web-socket':
        if (socket) acceptWebSocket(socket, message.key, (channel) => this.machine?.openChannel(message.kind, channel));
    }
  }

  private async start(plan: Extract<ToVm, { type: 'start' }>['plan']): Promise<void> {
    if (this.machine) return this.log.error('started twice');
    this.log = openLog(plan.logPath);
    const { engine, reason } = plan.engine;
    const { withheldFeatures } = plan;
    this.log.info(
      { name: plan.config.name, memoryMiB: plan.config.memoryMiB, engine, reason, withheldFeatures },
      'power on',
    );
    this.bulk = new BulkServer(plan.bulk.secret, (kind, channel) => this.machine?.openChannel(kind, channel));
    this.machine = new VirtualMachine(plan, {
      tell: (news) => void this.parent.send(news),
      log: (line) => this.log.info(line),
      onEnd: (outcome, error, lastLook) => void this.ended(outcome, error, lastLook),
    });
    try {
      await this.bulk.listen(plan.bulk.path);
      const engine = await this.machine.start();
      await this.parent.send({ type: 'started', engine });
      this.watch(false);
    } catch (error) {
      this.log.error({ err: error }, 'could not start');
      await this.leave({ type: 'ended', outcome: 'failed', error: toWireError(error), lastLook: null }, 1);
    }
  }

  private async answer({ id, call }: Extract<ToVm, { type: 'call' }>): Promise<void> {
    try {
      if (!this.machine) throw new Error('not started');
      const value = await this.machine.call(call);
      await this.parent.send({ type: 'reply', id, value });
    } catch (error) {
      await this.parent.send({ type: 'failure', id, error: toWireError(error) });
    }
  }

  private watch(watching: boolean): void {
    clearInterval(this.metricsTimer);
    const sample = (): void => {
      void this.machine?.sample(watching).then((metrics) => this.parent.send({ type: 'metrics', metrics }));
    };
    sample();
    this.metricsTimer = setInterval(sample, watching ? WATCHED_MS : UNWATCHED_MS);
  }

  private beat(): void {
    this.missedBeats = !this.machine || this.machine.isAlive() ? 0 : this.missedBeats + 1;
    void this.parent.send({ type: 'heartbeat', machineAlive: this.missedBeats < STUCK_BEATS });
  }

  private async ended(outcome: VmOutcome, error: AnnexError | null, lastLook: LastLook | null): Promise<void> {
    this.log.info({ outcome }, 'power off');
    await this.leave({ type: 'ended', outcome, error: error?.toWire() ?? null, lastLook }, 0);
  }

  /** Nobody is left to ask for anything: close the disks in order and go. */
  private async orphaned(): Promise<void> {
    this.log.warn('Annex is gone; powering off');
    await this.machine?.powerOff();
    this.exit(0);
  }

  private async leave(lastWords: FromVm, code: number): Promise<void> {
    clearInterval(this.metricsTimer);
    this.bulk?.close();
    await this.parent.send(lastWords);
    this.exit(code);
  }
}
