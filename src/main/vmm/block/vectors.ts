/** Scattered buffers treated as one run of bytes, as `struct iovec` is in POSIX. */
export type Vectors = readonly Uint8Array[];

export function vectorLength(vectors: Vectors): number {
  let length = 0;
  for (const vector of vectors) length += vector.length;
  return length;
}

/** The part of the run that starts at `from`, `length` bytes long, as views of the same memory. */
export function sliceVectors(vectors: Vectors, from: number, length: number): Uint8Array[] {
  const slice: Uint8Array[] = [];
  let skip = from;
  let left = length;
  for (const vector of vectors) {
    if (left === 0) break;
    if (skip >= vector.length) {
      skip -= vector.length;
      continue;
    }
    const part = vector.subarray(skip, Math.min(vector.length, skip + left));
    slice.push(part);
    left -= part.length;
    skip = 0;
  }
  return slice;
}

export function zeroVectors(vectors: Vectors): void {
  for (const vector of vectors) vector.fill(0);
}

/** Copies `source` over the run; both have the same length. */
export function scatter(source: Uint8Array, vectors: Vectors): void {
  let at = 0;
  for (const vector of vectors) {
    vector.set(source.subarray(at, at + vector.length));
    at += vector.length;
  }
}

/** The run as one contiguous copy. */
export function gather(vectors: Vectors): Uint8Array {
  const bytes = new Uint8Array(vectorLength(vectors));
  let at = 0;
  for (const vector of vectors) {
    bytes.set(vector, at);
    at += vector.length;
  }
  return bytes;
}
