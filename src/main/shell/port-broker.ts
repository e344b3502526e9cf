import { MessageChannelMain, type WebContents } from 'electron';
import { BRIDGE } from '../../shared/contract/bridge.js';
import type { ChannelBroker } from '../host/commands/handlers.js';
import type { Host } from '../host/host.js';

/**
 * Bulk channels of a window: a MessagePort goes from the VM process straight to the page, so that frames do not pass
 * through this process. The channel's number comes as the command's answer, the port as a message of its own.
 */
export class PortBroker implements ChannelBroker {
  private nextChannel = 1;

  constructor(
    private readonly host: Host,
    private readonly contents: WebContents,
  ) {}

  open(machineId: string, kind: Parameters<ChannelBroker['open']>[1]): Promise<number> {
    const { port1, port2 } = new MessageChannelMain();
    this.host.attachPort(machineId, kind, port1);
    const channel = this.nextChannel++;
    this.contents.postMessage(BRIDGE.port, channel, [port2]);
    return Promise.resolve(channel);
  }

  /** The page closes its end of the port, and the VM process sees that. */
  close(): void {}
}
