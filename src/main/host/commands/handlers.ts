import type { z } from 'zod';
import type { CommandName, CommandReply, COMMANDS } from '../../../shared/contract/commands.js';

/** A command's request after validation, defaults filled in. */
export type CheckedRequest<N extends CommandName> = z.output<(typeof COMMANDS)[N]['request']>;

/** Opens bulk channels on behalf of one client; each transport has its own way to carry them. */
export interface ChannelBroker {
  open(machineId: string, kind: CheckedRequest<'channel.open'>['kind']): Promise<number>;
  close(channel: number): void;
}

/** What a handler knows of who asks. */
export interface CommandContext {
  readonly channels: ChannelBroker;
}

export type Handler<N extends CommandName> = (
  request: CheckedRequest<N>,
  context: CommandContext,
) => Promise<CommandReply<N>>;

/** Handlers of some commands, by name. */
export type Handlers<N extends CommandName> = { readonly [K in N]: Handler<K> };
