import type { BulkChannel } from '../../shared/contract/client.js';
import type { HostEvent } from '../../shared/contract/events.js';

/** What the shell needs of the host, whatever runs behind it. */
export interface HostPort {
  /** Validates and carries out one command. @throws AnnexError */
  request(name: string, payload: unknown): Promise<unknown>;
  onEvent(listener: (event: HostEvent) => void): () => void;
  /** @throws AnnexError `vm-wrong-state` if the machine does not run */
  openChannel(machineId: string, kind: 'display' | 'serial1' | 'serial2'): Promise<BulkChannel>;
  /** Powers off what still runs, or leaves it running, and lets go of the library. */
  close(options: { readonly keepMachines: boolean }): Promise<void>;
}
