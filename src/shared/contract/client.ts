import type { CommandName, CommandReply, CommandRequest } from './commands.js';
import type { HostEvent } from './events.js';

/** A bulk channel (frames, serial bytes), whatever carries it. */
export interface BulkChannel {
  onMessage(listener: (data: Uint8Array) => void): void;
  onClose(listener: () => void): void;
  send(data: Uint8Array): void;
  close(): void;
}

/** The one interface the renderer and the CLI have to the host; they cannot tell which transport is behind it. */
export interface AnnexClient {
  /** @throws AnnexError */
  request<N extends CommandName>(name: N, request: CommandRequest<N>): Promise<CommandReply<N>>;
  openChannel(machineId: string, kind: 'display' | 'serial1' | 'serial2'): Promise<BulkChannel>;
  onEvent(listener: (event: HostEvent) => void): () => void;
  /** The link to the host was lost or came back. */
  onConnection(listener: (connected: boolean) => void): () => void;
}
