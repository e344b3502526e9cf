import { Socket } from 'node:net';
import type { TransferredPort } from './bulk/port-channel.js';

/** What came along with a message to become this process's. */
export interface Transfer {
  readonly port?: TransferredPort | undefined;
  readonly socket?: Socket | undefined;
}

/** The process that started this one, which is told `News`. */
export interface ParentLink<News> {
  /** Messages are unchecked. */
  onMessage(listener: (message: unknown, transfer: Transfer) => void): void;
  /** The parent is gone. */
  onGone(listener: () => void): void;
  /** Resolves when the message has left this process. */
  send(message: News): Promise<void>;
}

/** What Electron gives a utility process in place of `process.send`. */
interface UtilityParentPort {
  on(event: 'message', listener: (event: { data: unknown; ports: TransferredPort[] }) => void): void;
  postMessage(message: unknown): void;
}

/** @throws Error if nobody started this process with a message link */
export function connectToParent<News>(): ParentLink<News> {
  const port = (process as { parentPort?: UtilityParentPort }).parentPort;
  if (port) return utilityLink(port);
  if (process.send) return forkLink();
  throw new Error('this program is started by Annex, not by hand');
}

function utilityLink<News>(port: UtilityParentPort): ParentLink<News> {
  return {
    onMessage: (listener) => port.on('message', ({ data, ports }) => listener(data, { port: ports[0] })),
    // Electron ends utility processes with the application.
    onGone: () => {},
    send: (message) => Promise.resolve(port.postMessage(message)),
  };
}

function forkLink<News>(): ParentLink<News> {
  return {
    onMessage: (listener) =>
      process.on('message', (message, handle) =>
        listener(message, { socket: handle instanceof Socket ? handle : undefined }),
      ),
    onGone: (listener) => process.on('disconnect', listener),
    send: (message) =>
      new Promise((resolve) => {
        if (process.connected) process.send!(message, () => resolve());
        else resolve();
      }),
  };
}
