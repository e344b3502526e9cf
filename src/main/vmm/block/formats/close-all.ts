/** Something that is open: a file, or an image. */
interface Closable {
  close(): Promise<void>;
}

/** Closes all of it, also when one of them fails to. @throws what the first that failed has thrown */
export async function closeAll(open: readonly (Closable | undefined)[]): Promise<void> {
  const ends = await Promise.allSettled(open.map((one) => one?.close()));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}
