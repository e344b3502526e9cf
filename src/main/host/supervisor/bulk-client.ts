import { connect } from 'node:net';
import { AnnexError } from '../../../shared/contract/errors.js';
import type { BulkHello } from '../../../shared/vm-process/bulk-hello.js';
import { SocketChannel } from '../../node/socket-channel.js';

/** Attempts to reach a VM process's bulk socket before giving up, and the pause between them in ms. */
const ATTEMPTS = 5;
const PAUSE_MS = 100;

/** Opens a bulk channel to a VM process, trying a bounded number of times. @throws AnnexError `vm-process-silent` */
export async function openBulkChannel(socketPath: string, hello: BulkHello): Promise<SocketChannel> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await connectOnce(socketPath, hello);
    } catch (cause) {
      if (attempt === ATTEMPTS)
        throw new AnnexError('vm-process-silent', 'The machine does not answer. Power it off and start it again.', {}, { cause }); // prettier-ignore
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
    }
  }
}

function connectOnce(socketPath: string, hello: BulkHello): Promise<SocketChannel> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      const channel = new SocketChannel(socket);
      channel.send(new TextEncoder().encode(JSON.stringify(hello)));
      resolve(channel);
    });
  });
}
