import type { WebSocket } from 'ws';
import type { ChannelKind } from '../../shared/vm-process/protocol.js';
import type { FlowChannel } from '../node/socket-channel.js';

/** Time a client has to connect the socket of a channel it opened, in ms. */
const CLAIM_MS = 10_000;

/** Bytes that may wait in a client's socket before the machine's side is held back. */
const HIGH_WATER_BYTES = 8 << 20;

/** Channels opened by `channel.open` until a socket claims them, and the relay from then on. */
export class ChannelRelay {
  private nextId = 1;
  private readonly unclaimed = new Map<number, { channel: FlowChannel; timeout: NodeJS.Timeout }>();

  constructor(private readonly openChannel: (machineId: string, kind: ChannelKind) => Promise<FlowChannel>) {}

  async open(machineId: string, kind: ChannelKind): Promise<number> {
    const channel = await this.openChannel(machineId, kind);
    const id = this.nextId++;
    const timeout = setTimeout(() => this.close(id), CLAIM_MS);
    this.unclaimed.set(id, { channel, timeout });
    return id;
  }

  /** Gives up a channel nobody has claimed; a claimed one closes with its socket. */
  close(id: number): void {
    this.take(id)?.close();
  }

  /** Joins a client's socket and the channel it opened; @returns false if there is no such channel. */
  claim(id: number, socket: WebSocket): boolean {
    const channel = this.take(id);
    if (channel) relay(channel, socket);
    return channel !== undefined;
  }

  private take(id: number): FlowChannel | undefined {
    const entry = this.unclaimed.get(id);
    clearTimeout(entry?.timeout);
    this.unclaimed.delete(id);
    return entry?.channel;
  }
}

function relay(channel: FlowChannel, socket: WebSocket): void {
  channel.onMessage((data) => {
    socket.send(data, { binary: true, compress: false }, () => {
      if (socket.bufferedAmount < HIGH_WATER_BYTES) channel.resume();
    });
    if (socket.bufferedAmount >= HIGH_WATER_BYTES) channel.pause();
  });
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) channel.send(data);
  });
  socket.on('close', () => channel.close());
  socket.on('error', () => socket.terminate());
  channel.onClose(() => socket.close());
}
