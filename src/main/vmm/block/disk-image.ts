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
  /** Gives a range back to the file system, and reads zeros from then on, where it can; otherwise does nothing. */
  punchHole(offset: number, length: number): Promise<void>;
  /** Whether the file system says that `offset` lies in a hole, and for how far that goes; all data if it cannot tell. */
  allocation(offset: number, length: number): Promise<Extent>;
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

export type ImageErrorCode = 'image-unsupported' | 'image-read-only' | 'image-damaged';

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
 * What one image says of a stretch of its disk, whatever it builds on. `data`: stored here; `zero`: reads as zeros;
 * `hole`: nothing is said, so it reads as the backing image does, or as zeros without one.
 */
export type ExtentKind = 'data' | 'zero' | 'hole';

export interface Extent {
  readonly kind: ExtentKind;
  /** In bytes, from where it was asked for; never 0. */
  readonly length: number;
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
  /** The image this one builds on, owned by it. It may be smaller or larger. */
  readonly backing: DiskImage | undefined;
  /**
   * Goes on with another image below, or none, which must read the same where this one has holes. The old one is the
   * caller's then, to be closed when no read is under way any more. Absent: this image's backing stays.
   */
  replaceBacking?(backing: DiskImage | undefined): void;
  /** Fills the targets one after the other from one run of the disk. */
  read(offset: number, targets: readonly Uint8Array[]): Promise<void>;
  write(offset: number, sources: readonly Uint8Array[]): Promise<void>;
  /** The content of the range becomes zeros or stays; the room it took is given back where the format can. */
  discard(offset: number, length: number): Promise<void>;
  /** The range reads as zeros from then on, with as little room as possible. Absent: write zeros. */
  zero?(offset: number, length: number): Promise<void>;
  /**
   * What is at `offset`, for at most `length` bytes (at least 1, within the disk). An image that cannot tell says `data`
   * of everything. The stretch need not be the longest possible.
   */
  extent(offset: number, length: number): Promise<Extent>;
  /** Durable on return: data and metadata. */
  flush(): Promise<void>;
  /**
   * Leaves the file as closing would, and does not write to it again before the disk is written to. Nothing may be read
   * or written meanwhile. Absent: the file is always so after {@link flush}.
   */
  settle?(): Promise<void>;
  close(): Promise<void>;
}
