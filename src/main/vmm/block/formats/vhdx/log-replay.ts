import type { FilePort } from '../../disk-image.js';
import { isZeroGuid } from './guid.js';
import { claimedLength, LOG_SECTOR, parseEntry, patchesOf, type LogEntry, type Patch } from './log-entry.js';
import { damagedVhdx } from './vhdx-errors.js';
import type { VhdxHeader } from './vhdx-header.js';

/** Entries that overlap can make checksums cost more than the log is long; a log written by anybody does not. */
const MAX_CHECKED_FACTOR = 4;
/** Replaying clears parts of tables, never as much as this. */
const MAX_ZERO_BYTES = 2 ** 30;
/** Twice the largest disk of the format. */
const MAX_FILE_BYTES = 2 ** 47;
const ZERO_CHUNK = 1 << 20;

/** What a log holds that the file may lack. */
export interface PendingChanges {
  readonly patches: readonly Patch[];
  /** Length the file must have in the end. */
  readonly fileBytes: number;
}

/** The changes of the log's newest complete sequence of entries, oldest first. @throws ImageError */
export async function readLog(file: FilePort, header: VhdxHeader): Promise<PendingChanges | undefined> {
  if (isZeroGuid(header.logGuid) || header.logLength === 0) return undefined;
  const log = new Uint8Array(header.logLength);
  if ((await file.read(header.logOffset, log)) < log.length) throw damagedVhdx('its log is not in the file');
  const sequence = activeSequence(validEntries(log, header.logGuid), header.logLength);
  const newest = sequence.at(-1);
  if (newest === undefined) return undefined;
  const size = await file.size();
  if (newest.flushedFileBytes > size) throw damagedVhdx('the file is shorter than it was');
  const patches = sequence.flatMap(patchesOf);
  const end = Math.max(size, newest.lastFileBytes);
  // Changes reach no further than the file does once they are made.
  const zeroed = patches.reduce((sum, patch) => sum + (patch.data === undefined ? patch.length : 0), 0);
  if (end > MAX_FILE_BYTES || zeroed > MAX_ZERO_BYTES || patches.some((patch) => patch.offset + patch.length > end))
    throw damagedVhdx('its log changes what is not in the file');
  return { patches, fileBytes: end };
}

/** Every entry of the log whose checksum is right, by place. @throws ImageError */
function validEntries(log: Uint8Array, logGuid: Uint8Array): Map<number, LogEntry> {
  const entries = new Map<number, LogEntry>();
  let checked = 0;
  for (let at = 0; at < log.length; at += LOG_SECTOR) {
    const length = claimedLength(log.subarray(at), logGuid);
    if (length === undefined || length > log.length) continue;
    checked += length;
    if (checked > MAX_CHECKED_FACTOR * log.length) throw damagedVhdx('its log is damaged');
    const entry = parseEntry(circular(log, at, length), at);
    if (entry !== undefined) entries.set(at, entry);
  }
  return entries;
}

/** The entries from the newest's tail on to the newest itself; the newest whose tail can be reached counts. */
function activeSequence(entries: ReadonlyMap<number, LogEntry>, logLength: number): LogEntry[] {
  const newestFirst = [...entries.values()].sort((a, b) => (a.sequence < b.sequence ? 1 : -1));
  for (const head of newestFirst) {
    const sequence: LogEntry[] = [];
    let entry = entries.get(head.tail);
    while (entry !== undefined && sequence.length < entries.size) {
      sequence.push(entry);
      if (entry === head) return sequence;
      const next = entries.get((entry.at + entry.length) % logLength);
      entry = next?.sequence === entry.sequence + 1n ? next : undefined;
    }
  }
  return [];
}

/** Part of a ring buffer, joined if it wraps. */
function circular(log: Uint8Array, at: number, length: number): Uint8Array {
  if (at + length <= log.length) return log.slice(at, at + length);
  const bytes = new Uint8Array(length);
  bytes.set(log.subarray(at));
  bytes.set(log.subarray(0, length - (log.length - at)), log.length - at);
  return bytes;
}

/** Makes the changes in the file. They are durable on return. */
export async function applyChanges(file: FilePort, { patches, fileBytes }: PendingChanges): Promise<void> {
  if ((await file.size()) < fileBytes) await file.truncate(fileBytes);
  for (const { offset, length, data } of patches) {
    if (data !== undefined) await file.write(offset, data);
    else for (let at = 0; at < length; at += ZERO_CHUNK) await file.write(offset + at, new Uint8Array(Math.min(ZERO_CHUNK, length - at)));
  }
  await file.sync();
} // prettier-ignore
