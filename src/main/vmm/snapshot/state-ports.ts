/** A file being written from its start on. */
export interface StateSink {
  /** Appends. @throws whatever the host's file system throws */
  append(bytes: Uint8Array): void;
}

/** A file to read from. */
export interface StateBytes {
  readonly size: number;
  /** Fills `target` from `offset` on. @throws StateError `damaged` if the file ends before */
  read(offset: number, target: Uint8Array): void;
}
