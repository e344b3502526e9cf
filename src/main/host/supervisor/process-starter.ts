import type { ToDiskJob } from '../../../shared/disk-jobs/protocol.js';
import type { ToVm } from '../../../shared/vm-process/protocol.js';

/** How a VM process went. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Last lines it wrote to standard error. */
  readonly stderr: string;
}

/** A started process, whatever started it: one that runs a machine, or one that does a disk job. */
export interface VmChild {
  readonly pid: number;
  /** @param transfer a MessagePort or a socket that becomes the process's, as its starter can ({@link ProcessStarter.transfersPorts}) */
  send(message: ToVm | ToDiskJob, transfer?: readonly unknown[]): void;
  /** Messages are unchecked. */
  onMessage(listener: (message: unknown) => void): void;
  onExit(listener: (exit: ProcessExit) => void): void;
  /** Ends it at once; nothing of it is asked. */
  kill(): void;
}

/** What a VM process may touch, for starters that can enforce it. */
export interface ProcessRights {
  /** Files and folders it may write; it may read everything the user can. */
  readonly writable: readonly string[];
  /** Whether it may load native code: what calls the host's KVM. Off unless said. */
  readonly nativeCode?: boolean;
}

/** Starts VM processes and disk jobs: child_process.fork under Node, utilityProcess under Electron. */
export interface ProcessStarter {
  /** Whether its processes can be handed MessagePorts; if not, they can be handed sockets. */
  readonly transfersPorts: boolean;
  /** Resolves once the process exists. */
  start(title: string, rights: ProcessRights): Promise<VmChild>;
}
