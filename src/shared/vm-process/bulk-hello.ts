import { z } from 'zod';
import { channelKindSchema } from './protocol.js';

/** First message on a bulk connection to a VM process: which channel, and the secret that proves the host sent the caller. */
export const bulkHelloSchema = z.object({ kind: channelKindSchema, secret: z.string() });
export type BulkHello = z.infer<typeof bulkHelloSchema>;
