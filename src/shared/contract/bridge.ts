import type { WireError } from './errors.js';
import type { HostEvent } from './events.js';

/** Answer to one command as it crosses the bridge: errors are data, since thrown objects lose their fields on the way. */
export type BridgeAnswer =
  { readonly ok: true; readonly reply: unknown } | { readonly ok: false; readonly error: WireError };

/**
 * What the preload script exposes as `window.annex`. Bulk channels cannot cross `contextBridge`; their ports come as a
 * `message` event of the window whose data is a {@link BridgePortMessage}.
 */
export interface AnnexBridge {
  request(name: string, payload: unknown): Promise<BridgeAnswer>;
  onEvent(listener: (event: HostEvent) => void): () => void;
}

/** Announces the port of a channel opened by `channel.open`; the port is the event's only one. */
export interface BridgePortMessage {
  readonly annexChannel: number;
}

/** Names of the IPC channels between preload and main. */
export const BRIDGE = {
  request: 'annex:request',
  event: 'annex:event',
  port: 'annex:port',
  window: 'annex:window',
  maximized: 'annex:maximized',
  closeRequested: 'annex:close-requested',
  closeAnswer: 'annex:close-answer',
  showFolder: 'annex:show-folder',
  openExternal: 'annex:open-external',
} as const;

export type WindowAction = 'minimize' | 'toggle-maximize' | 'close';
