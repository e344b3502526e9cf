import { ipcMain, MessageChannelMain, shell, type BrowserWindow, type MessagePortMain } from 'electron';
import { z } from 'zod';
import { BRIDGE, type BridgeAnswer } from '../../shared/contract/bridge.js';
import type { BulkChannel } from '../../shared/contract/client.js';
import { COMMANDS } from '../../shared/contract/commands.js';
import { AnnexError } from '../../shared/contract/errors.js';
import type { HostPort } from './host-port.js';
import { chooseMedia } from './media-chooser.js';
import { isTrustedSender } from './window-guards.js';

/** Carries the contract between one window and the host. Nothing but the top frame of our own page is listened to. */
export class IpcBridge {
  private readonly channels = new Map<number, BulkChannel>();
  private nextChannel = 1;
  private readonly stopEvents: () => void;

  constructor(
    private readonly window: BrowserWindow,
    private readonly host: HostPort,
  ) {
    this.stopEvents = host.onEvent((event) => {
      if (!window.isDestroyed()) window.webContents.send(BRIDGE.event, event);
    });
    ipcMain.handle(BRIDGE.request, async (event, name: unknown, payload: unknown): Promise<BridgeAnswer> => {
      try {
        if (!isTrustedSender(event)) throw new AnnexError('unauthorized', 'This page may not control machines.');
        if (typeof name !== 'string') throw new AnnexError('bad-request', 'A command has a name.');
        return { ok: true, reply: await this.carryOut(name, payload) };
      } catch (error) {
        return { ok: false, error: toAnnexError(error).toWire() };
      }
    });
    ipcMain.handle(BRIDGE.showFolder, async (event, id: unknown) => {
      if (!isTrustedSender(event)) return;
      const machine = z.object({ path: z.string() }).parse(await host.request('machine.get', { id }));
      shell.showItemInFolder(machine.path);
    });
    window.on('closed', () => this.dispose());
    // A page that is loaded anew has lost its ends of the channels.
    window.webContents.on('did-start-loading', () => this.closeChannels());
  }

  private async carryOut(name: string, payload: unknown): Promise<unknown> {
    switch (name) {
      case 'channel.open':
        return { channel: await this.openChannel(COMMANDS['channel.open'].request.parse(payload)) };
      case 'channel.close':
        return this.closeChannel(COMMANDS['channel.close'].request.parse(payload).channel);
      case 'media.choose':
        return this.choose(COMMANDS['media.choose'].request.parse(payload).kinds);
      default:
        return this.host.request(name, payload);
    }
  }

  private async openChannel({ id, kind }: z.infer<(typeof COMMANDS)['channel.open']['request']>): Promise<number> {
    const bulk = await this.host.openChannel(id, kind);
    const { port1, port2 } = new MessageChannelMain();
    const channel = this.nextChannel++;
    this.channels.set(channel, bulk);
    joinPort(port1, bulk);
    this.window.webContents.postMessage(BRIDGE.port, channel, [port2]);
    return channel;
  }

  private closeChannel(channel: number): Record<string, never> {
    this.channels.get(channel)?.close();
    this.channels.delete(channel);
    return {};
  }

  private async choose(kinds: Parameters<typeof chooseMedia>[1]): Promise<{ media: unknown }> {
    const path = await chooseMedia(this.window, kinds);
    return { media: path === undefined ? null : await this.host.request('media.add', { path }) };
  }

  private closeChannels(): void {
    for (const channel of [...this.channels.keys()]) this.closeChannel(channel);
  }

  private dispose(): void {
    this.stopEvents();
    this.closeChannels();
    ipcMain.removeHandler(BRIDGE.request);
    ipcMain.removeHandler(BRIDGE.showFolder);
  }
}

function joinPort(port: MessagePortMain, bulk: BulkChannel): void {
  bulk.onMessage((data) => port.postMessage(data));
  bulk.onClose(() => {
    port.postMessage(null);
    port.close();
  });
  port.on('message', ({ data }) => {
    if (data instanceof Uint8Array) bulk.send(data);
  });
  port.on('close', () => bulk.close());
  port.start();
}

function toAnnexError(error: unknown): AnnexError {
  if (error instanceof AnnexError) return error;
  if (error instanceof z.ZodError) {
    return new AnnexError(
      'bad-request',
      `The command is not well formed: ${z.prettifyError(error)}`,
      {},
      { cause: error },
    );
  }
  return new AnnexError(
    'internal',
    'Something went wrong inside Annex. The log has the details.',
    {},
    { cause: error },
  );
}
