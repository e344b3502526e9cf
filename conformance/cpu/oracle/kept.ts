import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodeRecording } from './recording.js';
import type { Difference } from './session.js';

/** Differences found once, as conformance cases: batches of one case with what the processor made of it. */
export const KEPT = path.join(import.meta.dirname, 'recorded', 'kept');

/** Stores a minimised difference. @param name what it was found by @returns the file */
export function keepDifference({ info, start, after }: Difference, name: string, folder = KEPT): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.br`);
  writeFileSync(file, encodeRecording({ before: start, after, infos: [info] }));
  return file;
}
