/** What {@link lockDraftOf} leaves behind when its process is killed: the lock's name, the process, a number. */
export const LOCK_DRAFT = /\.lock\.(\d+)\.\d+$/;

let sequence = 0;

/** What a lock is called that is not taken yet, or that is taken away. */
export function lockDraftOf(lock: string): string {
  return `${lock}.${process.pid}.${sequence++}`;
}
