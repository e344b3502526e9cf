import type { DiskImage, FilePort } from '../disk-image.js';

/** What an image with parts elsewhere, or compressed, needs from outside. */
export interface ImagePorts {
  /** Opens the image a backing file name stands for, read-only. @throws ImageError if that is not allowed */
  openBacking(name: string, format: string | undefined): Promise<DiskImage>;
  /** Opens a file that holds part of this image (an extent), readable and, if the image is, writable. @throws ImageError */
  openPart(name: string): Promise<FilePort>;
  /** Inflates raw deflate data (RFC 1951) to `size` bytes. `source` may have bytes after its end. @throws ImageError */
  inflate(source: Uint8Array, size: number): Promise<Uint8Array>;
  /** Deflates (RFC 1951, window of 2^12 bytes, as qcow2 asks for). */
  deflate(source: Uint8Array): Promise<Uint8Array>;
}
