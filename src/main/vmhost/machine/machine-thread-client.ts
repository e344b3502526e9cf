import { Worker } from 'node:worker_threads';
import { alarmRinger } from '../kvm/thread-alarm.js';
import { VcpuKicker } from '../kvm/vcpu-kicker.js';
import { createDoorbell, ring } from '../rings/doorbell.js';
import { createBlockChannel } from '../rings/block-channel.js';
import type { FrozenMachine, SnapshotBuffers } from '../snapshot/snapshot-messages.js';
import type { FromMachine, MachineMeasures, MachineThreadData, ToMachine } from './thread-messages.js';

/** What the machine thread tells without being asked. */
export type MachineNews = Exclude<
  FromMachine,
  { type: 'measures' | 'final-measures' | 'ejected' | 'frozen' | 'thawed' }
>;

type ThreadInput = Omit<MachineThreadData, 'kick' | 'blocks' | 'progress' | 'vcpuThread'>;

/** The machine thread as the I/O thread sees it. */
export class MachineThreadClient {
  private readonly kick = createDoorbell();
  private readonly progressWord = new Int32Array(new SharedArrayBuffer(4));
  private readonly worker: Worker;
  private readonly vcpuThread = new Int32Array(new SharedArrayBuffer(4));
  private kicker: VcpuKicker | undefined;
  private nextId = 1;
  private readonly waiting = new Map<number, (value: never) => void>();
  readonly blocks = createBlockChannel(this.kick);
  /** Figures as of the end of the thread's loop. */
  finalMeasures: MachineMeasures | undefined;
  /** Resolves when the thread has ended. */
  readonly ended: Promise<void>;

  /** @param entry the built machine thread @param onDeath the thread broke down or ended unasked */
  constructor(
    entry: URL,
    private readonly input: ThreadInput,
    private readonly onNews: (news: MachineNews) => void,
    onDeath: (error: Error) => void,
  ) {
    const { kick, blocks, progressWord: progress, vcpuThread } = this;
    const workerData: MachineThreadData = { ...input, kick, blocks, progress, vcpuThread };
    this.worker = new Worker(entry, { workerData, name: 'machine' });
    this.worker.on('message', (message: FromMachine) => this.receive(message));
    this.worker.on('error', onDeath);
    this.ended = new Promise((resolve) => this.worker.once('exit', () => resolve()));
    void this.ended.then(() => this.kicker?.close());
  }

  /** Counts up whenever the machine's loop comes round. */
  get progress(): number {
    return Atomics.load(this.progressWord, 0);
  }

  tell(message: ToMachine): void {
    this.worker.postMessage(message);
    ring(this.kick);
  }

  measure(closely: boolean): Promise<MachineMeasures> {
    return this.ask((id) => ({ type: 'measure', id, closely }));
  }

  /** @returns whether the drive is empty now: the guest may hold the tray */
  eject(driveId: string, force: boolean): Promise<boolean> {
    return this.ask((id) => ({ type: 'eject', driveId, force, id }));
  }

  /** Stops the guest at one moment; {@link thaw} lets it go on. */
  freeze(whole: boolean, buffers: SnapshotBuffers): Promise<FrozenMachine> {
    return this.ask((id) => ({ type: 'freeze', id, whole, buffers }));
  }

  /** @returns how long the guest stood still, in ms */
  thaw(): Promise<number> {
    return this.ask((id) => ({ type: 'thaw', id }));
  }

  /** Ends the thread, by force if its guest code does not come to a stop. */
  async terminate(): Promise<void> {
    this.worker.removeAllListeners('error');
    await this.worker.terminate();
  }

  private ask<T>(message: (id: number) => ToMachine): Promise<T> {
    const id = this.nextId++;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.tell(message(id));
    });
  }

  private receive(message: FromMachine): void {
    if (message.type === 'built' && this.input.engine === 'kvm')
      this.kicker = new VcpuKicker(this.kick, this.vcpuThread, alarmRinger());
    if (message.type === 'measures') this.answer(message.id, message.measures);
    else if (message.type === 'final-measures') this.finalMeasures = message.measures;
    else if (message.type === 'ejected') this.answer(message.id, message.empty);
    else if (message.type === 'frozen') this.answer(message.id, message.frozen);
    else if (message.type === 'thawed') this.answer(message.id, message.pauseMs);
    else this.onNews(message);
  }

  private answer(id: number, value: unknown): void {
    this.waiting.get(id)?.(value as never);
    this.waiting.delete(id);
  }
}
