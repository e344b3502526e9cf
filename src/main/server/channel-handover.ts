import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ChannelKind } from '../../shared/vm-process/protocol.js';
import type { ChannelBroker } from '../host/commands/handlers.js';
import type { Host } from '../host/host.js';

/** Time a client has to connect the socket of a channel it opened, in ms. */
const CLAIM_MS = 10_000;

interface OpenedChannel {
  readonly machineId: string;
  readonly kind: ChannelKind;
  readonly timeout: NodeJS.Timeout;
}

/**
 * Channels opened by `channel.open` until a connection claims them. The connection itself goes to the machine's process,
 * which answers it: frames do not pass through this one.
 */
export class ChannelHandover implements ChannelBroker {
  private nextId = 1;
  private readonly opened = new Map<number, OpenedChannel>();

  constructor(private readonly host: Pick<Host, 'attachSocket'>) {}

  open(machineId: string, kind: ChannelKind): Promise<number> {
    const id = this.nextId++;
    const timeout = setTimeout(() => this.close(id), CLAIM_MS).unref();
    this.opened.set(id, { machineId, kind, timeout });
    return Promise.resolve(id);
  }

  /** Gives up a channel nobody has claimed; a claimed one closes with its connection. */
  close(id: number): void {
    this.take(id);
  }

  /**
   * Hands over the connection on which a client asked for a channel it opened.
   * @returns false if there is no such channel, or its machine is off by now
   */
  claim(id: number, request: IncomingMessage, socket: Socket): boolean {
    const channel = this.take(id);
    if (!channel) return false;
    try {
      const key = request.headers['sec-websocket-key'] ?? '';
      this.host.attachSocket(channel.machineId, channel.kind, key, socket);
      return true;
    } catch {
      return false;
    }
  }

  private take(id: number): OpenedChannel | undefined {
    const channel = this.opened.get(id);
    clearTimeout(channel?.timeout);
    this.opened.delete(id);
    return channel;
  }
}
