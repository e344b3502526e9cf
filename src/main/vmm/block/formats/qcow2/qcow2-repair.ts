import type { FilePort } from '../../disk-image.js';
import type { CheckReport, OperationControl, RepairMode } from '../format-driver.js';
import {
  HEADER_OFFSET,
  noIncompatibleFeatures,
  readHeader,
  refcountTableFields,
  type Qcow2Header,
} from './qcow2-header.js';
import { maxRefcount, readRefcount, writeRefcount } from './refcount-codec.js';
import { ReferenceWalk, type WrongFlag } from './reference-walk.js';
import { tableOffset } from './cluster-mapping.js';

/** Sentences about problems that a report holds at most. */
const MAX_PROBLEMS = 50;
/** Wrong flags kept for repair; more are repaired by another run. */
const MAX_FLAGS = 1 << 20;

const UNATTENDED: OperationControl = { checkpoint() {}, progress() {} };

/** What one look at an image found. */
interface Findings {
  errors: number;
  leaks: number;
  readonly problems: string[];
  /** References as they are, those of the refcount structures included. */
  readonly walk: ReferenceWalk;
  /** Where the refcount blocks are, by their number. */
  readonly blocks: ReadonlyMap<number, number>;
  /** A count that is too low, or a refcount structure that is damaged. */
  countsWrong: boolean;
  readonly flags: WrongFlag[];
}

/**
 * Compares the refcounts of an image with the references in it, and mends them if asked. Leaks are given back in place;
 * counts that are too low, which would let data be overwritten, are mended by building all refcounts anew in free room
 * and naming them in the header by one write, so that a crash leaves the old or the new. Entries that name impossible
 * places stay: nobody knows what they meant.
 * @throws ImageError if the header is no header
 */
export async function repairQcow2(
  file: FilePort,
  repair: RepairMode,
  control: OperationControl = UNATTENDED,
): Promise<CheckReport> {
  const found = await look(file, await readHeader(file), control);
  const mended = await mend(file, found, repair);
  const left = mended ? await look(file, await readHeader(file), control) : found;
  if (repair === 'all' && left.errors === 0) await clearMarks(file);
  return {
    errors: left.errors,
    leaks: left.leaks,
    repairedErrors: Math.max(0, found.errors - left.errors),
    repairedLeaks: Math.max(0, found.leaks - left.leaks),
    problems: found.problems,
  };
}

async function look(file: FilePort, header: Qcow2Header, control: OperationControl): Promise<Findings> {
  const problems: string[] = [];
  let errors = 0;
  const problem = (sentence: string): void => {
    errors++;
    if (problems.length < MAX_PROBLEMS) problems.push(sentence);
  };
  const walk = await ReferenceWalk.run(file, header, problem, control);
  const errorsElsewhere = errors;
  const blocks = await refcountBlocks(file, header, walk, problem);
  const countsWrong = errors > errorsElsewhere;
  const found: Findings = { errors, leaks: 0, problems, walk, blocks, countsWrong, flags: [] };
  await compareCounts(file, header, found);
  await compareFlags(found);
  return found;
}

/** The refcount blocks the table names, each counted as a reference; those in impossible places are problems. */
async function refcountBlocks(
  file: FilePort,
  header: Qcow2Header,
  walk: ReferenceWalk,
  problem: (sentence: string) => void,
): Promise<Map<number, number>> {
  const clusterBytes = 2 ** header.clusterBits;
  const blocks = new Map<number, number>();
  const tableBytes = new Uint8Array(header.refcountTableClusters * clusterBytes);
  if (!walk.add(header.refcountTableOffset, tableBytes.length, 'The refcount table')) return blocks;
  await file.read(header.refcountTableOffset, tableBytes);
  const table = new DataView(tableBytes.buffer);
  const seen = new Set<number>();
  for (let i = 0; i < tableBytes.length / 8; i++) {
    const offset = blockOffset(table, i, clusterBytes);
    if (offset === 0) continue;
    if (offset === undefined || seen.has(offset)) problem(`Refcount block ${i} is in an impossible place.`);
    else if (walk.add(offset, clusterBytes, `Refcount block ${i}`)) blocks.set(i, offset);
    if (offset !== undefined) seen.add(offset);
  }
  return blocks;
}

function blockOffset(table: DataView, index: number, clusterBytes: number): number | undefined {
  try {
    return tableOffset(table, index, clusterBytes);
  } catch {
    return undefined;
  }
}

async function compareCounts(file: FilePort, header: Qcow2Header, found: Findings): Promise<void> {
  const { counts } = found.walk;
  const perBlock = countsPerBlock(header);
  for (const [index, offset] of found.blocks) {
    const block = await readBlock(file, header, offset);
    for (let i = 0; i < perBlock; i++) {
      const cluster = index * perBlock + i;
      compareCount(found, cluster, readRefcount(block, i, header.refcountOrder), counts[cluster] ?? 0);
    }
  }
  for (let index = 0; index * perBlock < counts.length; index++) {
    if (found.blocks.has(index)) continue;
    const end = Math.min(counts.length, (index + 1) * perBlock);
    for (let cluster = index * perBlock; cluster < end; cluster++) compareCount(found, cluster, 0, counts[cluster]!);
  }
}

function compareCount(found: Findings, cluster: number, stored: number, actual: number): void {
  if (stored === actual) return;
  if (stored > actual) found.leaks++;
  else {
    found.errors++;
    found.countsWrong = true;
    if (found.problems.length < MAX_PROBLEMS)
      found.problems.push(`Cluster ${cluster} is used ${actual} times, but its refcount is ${stored}.`);
  }
}

/** A wrong flag lets shared data be overwritten, or costs a copy. */
async function compareFlags(found: Findings): Promise<void> {
  let wrong = 0;
  for await (const flag of found.walk.wrongFlags()) {
    wrong++;
    if (found.flags.length < MAX_FLAGS) found.flags.push(flag);
  }
  found.errors += wrong;
  if (wrong > 0 && found.problems.length < MAX_PROBLEMS)
    found.problems.push(`${wrong} entries say wrongly whether their cluster is shared.`);
}

function countsPerBlock(header: Qcow2Header): number {
  return (2 ** header.clusterBits * 8) / 2 ** header.refcountOrder;
}

async function readBlock(file: FilePort, header: Qcow2Header, offset: number): Promise<DataView> {
  const bytes = new Uint8Array(2 ** header.clusterBits);
  await file.read(offset, bytes);
  return new DataView(bytes.buffer);
}

/** @returns whether anything was written */
async function mend(file: FilePort, found: Findings, repair: RepairMode): Promise<boolean> {
  const header = await readHeader(file);
  if (repair === 'all' && (found.countsWrong || found.flags.length > 0)) {
    if (found.countsWrong) await rebuild(file, header, found);
    await mendFlags(file, found.flags);
    return true;
  }
  // With counts that are too low, lowering others could free what is in use.
  if (repair === 'none' || found.leaks === 0 || found.countsWrong) return false;
  await giveBackLeaks(file, header, found);
  return true;
}

async function giveBackLeaks(file: FilePort, header: Qcow2Header, { walk, blocks }: Findings): Promise<void> {
  const perBlock = countsPerBlock(header);
  for (const [index, offset] of blocks) {
    const view = await readBlock(file, header, offset);
    let changed = false;
    for (let i = 0; i < perBlock; i++) {
      const actual = walk.counts[index * perBlock + i] ?? 0;
      if (readRefcount(view, i, header.refcountOrder) <= actual) continue;
      writeRefcount(view, i, header.refcountOrder, actual);
      changed = true;
    }
    if (changed) await file.write(offset, new Uint8Array(view.buffer));
  }
  await file.sync();
}

async function mendFlags(file: FilePort, flags: readonly WrongFlag[]): Promise<void> {
  const byte = new Uint8Array(1);
  for (const { entryOffset, owned } of flags) {
    await file.read(entryOffset, byte);
    byte[0] = owned ? byte[0]! | 0x80 : byte[0]! & 0x7f;
    await file.write(entryOffset, byte);
  }
  await file.sync();
}

/** New refcounts behind the end of the file; the old ones are counted no more. */
async function rebuild(file: FilePort, header: Qcow2Header, found: Findings): Promise<void> {
  const clusterBytes = 2 ** header.clusterBits;
  const perBlock = countsPerBlock(header);
  const counts = countsWithoutRefcounts(header, found);
  const start = counts.length;
  let blocks = 1;
  let table = 1;
  while (start + blocks + table > blocks * perBlock) {
    blocks++;
    table = Math.ceil((blocks * 8) / clusterBytes);
  }
  const most = maxRefcount(header.refcountOrder);
  const tableBytes = new Uint8Array(table * clusterBytes);
  const tableView = new DataView(tableBytes.buffer);
  for (let index = 0; index < blocks; index++) {
    const view = new DataView(new ArrayBuffer(clusterBytes));
    for (let i = 0; i < perBlock; i++) {
      const cluster = index * perBlock + i;
      const count = cluster < start ? counts[cluster]! : Number(cluster < start + blocks + table);
      writeRefcount(view, i, header.refcountOrder, Math.min(count, most));
    }
    await file.write((start + index) * clusterBytes, new Uint8Array(view.buffer));
    tableView.setBigUint64(index * 8, BigInt((start + index) * clusterBytes));
  }
  const tableOffsetInFile = (start + blocks) * clusterBytes;
  await file.write(tableOffsetInFile, tableBytes);
  await file.sync();
  await file.write(HEADER_OFFSET.refcountTable, refcountTableFields(tableOffsetInFile, table));
  await file.sync();
}

function countsWithoutRefcounts(header: Qcow2Header, { walk, blocks }: Findings): Uint32Array {
  const counts = walk.counts.slice();
  const clusterBytes = 2 ** header.clusterBits;
  const drop = (offset: number): void => {
    const cluster = offset / clusterBytes;
    if (cluster < counts.length) counts[cluster]!--;
  };
  for (const offset of blocks.values()) drop(offset);
  const tableEnd = header.refcountTableOffset + header.refcountTableClusters * clusterBytes;
  if (tableEnd <= counts.length * clusterBytes)
    for (let i = 0; i < header.refcountTableClusters; i++) drop(header.refcountTableOffset + i * clusterBytes);
  return counts;
}

/** The image is sound: takes the marks "dirty" and "corrupt" off. */
async function clearMarks(file: FilePort): Promise<void> {
  const header = await readHeader(file);
  if (!header.dirty && !header.corrupt) return;
  await file.sync();
  await file.write(HEADER_OFFSET.incompatibleFeatures, noIncompatibleFeatures());
  await file.sync();
}
