import { randomBytes } from 'node:crypto';

/** What an image that is still being written is called: its name to be, the process that writes it, eight hex digits. */
export const IMAGE_DRAFT = /\.(\d+)-[0-9a-f]{8}\.part$/;

/** A name nobody else uses. */
export function imageDraftOf(file: string): string {
  return `${file}.${process.pid}-${randomBytes(4).toString('hex')}.part`;
}
