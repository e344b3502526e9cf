import type { DiskImage, FilePort } from '../disk-image.js';
import type { ImagePorts } from './image-ports.js';

/** Formats a file can be recognised as; what can be done with each is up to its {@link FormatDriver}. */
export type ImageFormat = 'raw' | 'iso' | 'qcow2' | 'vmdk' | 'vhd' | 'vhdx' | 'vdi';

/** How a new image stores its data: as it comes, all room taken at once, or compressed (written once, in order). */
export type ImageLayout = 'sparse' | 'fixed' | 'compressed';

/** The image another one builds on, as its file says it. */
export interface BackingReference {
  /** Path, relative to the folder of the image that builds on it, or absolute. */
  readonly name: string;
  readonly format: ImageFormat;
}

/** What tells a new image from every other: the engine has neither randomness nor a calendar of its own. */
export interface ImageIdentity {
  /** 16 random bytes with the version and variant of an RFC 4122 UUID, version 4. */
  readonly uuid: Uint8Array;
  /** Seconds since 1970. */
  readonly createdAt: number;
}

export interface CreateSpec {
  /** Virtual size in bytes, a multiple of 512. */
  readonly size: number;
  readonly layout: ImageLayout;
  readonly backing?: BackingReference;
  readonly identity: ImageIdentity;
  /** Unit of allocation; the format's own choice if absent. */
  readonly clusterBytes?: number;
}

/** Writes a new image once, from its beginning to its end. What is skipped reads as zeros. */
export interface ImageWriter {
  /** @param offset at or after the end of what was written before, a multiple of 64 KiB */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Makes the image complete and durable. */
  finish(): Promise<void>;
}

/** A snapshot kept inside an image. */
export interface InternalSnapshot {
  readonly id: string;
  readonly name: string;
  /** Size of the disk then, in bytes. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly takenAt: number;
}

/** What an image's own metadata says. */
export interface ImageDetails {
  readonly format: ImageFormat;
  readonly size: number;
  readonly layout: ImageLayout;
  /** Version or variant in the format's own terms: `3`, `monolithicSparse`. */
  readonly variant?: string;
  readonly clusterBytes?: number;
  readonly backing?: { readonly name: string; readonly format?: string };
  readonly snapshots: readonly InternalSnapshot[];
  /** It was not closed properly, or is known to be damaged. */
  readonly needsRepair: boolean;
}

/** `none` looks only; `leaks` gives unused room back; `all` also mends what is inconsistent. */
export type RepairMode = 'none' | 'leaks' | 'all';

export interface CheckReport {
  /** Inconsistencies that can lose data, still there. */
  readonly errors: number;
  /** Units of allocation nothing refers to, still there. */
  readonly leaks: number;
  readonly repairedErrors: number;
  readonly repairedLeaks: number;
  /** Sentences about the first of them. */
  readonly problems: readonly string[];
}

/** What a long operation is given by whoever waits for it. */
export interface OperationControl {
  /** @throws whatever ends the operation early, if it is to end */
  checkpoint(): void;
  progress(doneBytes: number, totalBytes: number): void;
}

/**
 * One image format. But for `open`, whose image owns the file, the caller keeps owning the file, has it to itself, and
 * syncs it afterwards. What a format cannot do is absent.
 */
export interface FormatDriver {
  readonly format: ImageFormat;
  /** @throws ImageError `image-unsupported` or `image-damaged` */
  open(file: FilePort, ports: ImagePorts): Promise<DiskImage>;
  details(file: FilePort, ports: ImagePorts): Promise<ImageDetails>;
  /** Opens, for reading, the disk as a snapshot inside the image keeps it; by id or name. The image owns the file. */
  readonly openSnapshot?: (file: FilePort, ports: ImagePorts, id: string) => Promise<DiskImage>;
  /** Makes an empty image of an empty file. */
  readonly create?: (file: FilePort, spec: CreateSpec) => Promise<void>;
  /** Writes an image in one pass, for layouts that cannot be written otherwise. */
  readonly writer?: (file: FilePort, spec: CreateSpec, ports: ImagePorts) => Promise<ImageWriter>;
  /** Grows or cuts the disk. A cut loses what lies beyond, which the caller has been told. */
  readonly resize?: (file: FilePort, ports: ImagePorts, size: number) => Promise<void>;
  readonly check?: (
    file: FilePort,
    ports: ImagePorts,
    repair: RepairMode,
    control: OperationControl,
  ) => Promise<CheckReport>;
  /** Changes only what the image says it builds on; one write, so a crash leaves the old or the new. */
  readonly rebase?: (file: FilePort, backing: BackingReference | undefined) => Promise<void>;
}
