import { z } from 'zod';
import { wireErrorSchema } from './errors.js';
import { hostEventSchema } from './events.js';

/**
 * Messages of the WebSocket transport, JSON text. One socket at {@link CONTROL_PATH} carries requests, answers and
 * events; each bulk channel has a socket of its own at {@link CHANNEL_PATH}, binary, named by the answer to `channel.open`.
 */
export const clientMessageSchema = z.object({ id: z.int(), name: z.string(), payload: z.unknown() });
export type ClientMessage = z.infer<typeof clientMessageSchema>;

export const serverMessageSchema = z.union([
  z.object({ id: z.int(), error: wireErrorSchema }),
  z.object({ event: hostEventSchema }),
  z.object({ id: z.int(), reply: z.unknown() }),
]);
export type ServerMessage = z.infer<typeof serverMessageSchema>;

export const CONTROL_PATH = 'control';
export const CHANNEL_PATH = 'channel';
/** Takes the token once (`POST`, text body) and sets the session cookie. */
export const SESSION_PATH = 'session';
/** `POST`, raw body, `?name=`: a dropped file. Answers a MediaView, or a WireError with status 4xx. */
export const UPLOAD_PATH = 'upload';
