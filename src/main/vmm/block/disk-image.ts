/** Random access to one host file, given to the image formats by the VM process. Offsets and lengths in bytes. */
export interface FilePort {
  readonly readonly: boolean;
  size(): Promise<number>;
  /** Bytes read, short only at end of file. */
  read(offset: number, target: Uint8Array): Promise<number>;
  /** Fills the targets one after the other from one run of the file. Bytes read, short only at end of file. */
  readv(offset: number, targets: readonly Uint8Array[]): Promise<number>;
  /** Writes all of `source`. @throws FileError with code `no-space` or `io-error` */
  write(offset: number, source: Uint8Array): Promise<void>;
  /** Writes all of the sources, one after the other, to one run of the file. @throws FileError as {@link write} */
  writev(offset: number, sources: readonly Uint8Array[]): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Gives a range back to the file system where it can; otherwise does nothing. */
  punchHole(offset: number, length: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export type FileErrorCode = 'no-space' | 'io-error' | 'read-only' | 'not-found' | 'no-permission' | 'locked';

export class FileError extends Error {
  override readonly name = 'FileError';
  constructor(
    readonly code: FileErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export type ImageErrorCode = 'image-unsupported' | 'image-damaged';

/** The file is there and readable, but what it holds cannot be used as a disk; `message` says why in a sentence. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  constructor(
    readonly code: ImageErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * An opened disk image of any format: a linear space of bytes. Reads beyond allocated data give zeros. Several
 * operations may be in flight; the caller keeps those that overlap in order ({@link BlockServer} does).
 */
export interface DiskImage {
  readonly format: string;
  /** Virtual size in bytes, a multiple of 512. */
  readonly size: number;
  readonly readonly: boolean;
  /** Fills the targets one after the other from one run of the disk. */
  read(offset: number, targets: readonly Uint8Array[]): Promise<void>;
  write(offset: number, sources: readonly Uint8Array[]): Promise<void>;
  discard(offset: number, length: number): Promise<void>;
  /** Durable on return: data and metadata. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
