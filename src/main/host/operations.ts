import { AnnexError } from '../../shared/contract/errors.js';

interface Operation {
  /** Ends it soon and without harm; absent for one that must run to its end. */
  readonly interrupt: AbortController | undefined;
  readonly done: Promise<unknown>;
}

/** What is being done with each machine: one thing at a time. */
export class Operations {
  private readonly underWay = new Map<string, Operation>();

  /** Work that must not be disturbed. Background work on the machine is ended for it. @throws AnnexError `vm-busy` */
  async exclusive<T>(id: string, work: () => Promise<T>): Promise<T> {
    await this.makeRoom(id);
    return this.run(id, undefined, work);
  }

  /** Work in the background that gives way to anything else. @throws AnnexError `vm-busy` */
  async background<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    await this.makeRoom(id);
    const interrupt = new AbortController();
    return this.run(id, interrupt, () => work(interrupt.signal));
  }

  /** Ends work in the background, and waits for whatever is under way. */
  async settle(): Promise<void> {
    for (const operation of this.underWay.values()) operation.interrupt?.abort();
    await Promise.all([...this.underWay.values()].map(({ done }) => done));
  }

  private async makeRoom(id: string): Promise<void> {
    for (let present = this.underWay.get(id); present; present = this.underWay.get(id)) {
      if (!present.interrupt)
        throw new AnnexError('vm-busy', 'Something else is being done with this machine. Wait until it is finished.');
      present.interrupt.abort();
      await present.done;
    }
  }

  private run<T>(id: string, interrupt: AbortController | undefined, work: () => Promise<T>): Promise<T> {
    const result = work();
    const operation: Operation = { interrupt, done: result.catch(() => {}) };
    this.underWay.set(id, operation);
    return result.finally(() => this.underWay.delete(id));
  }
}
