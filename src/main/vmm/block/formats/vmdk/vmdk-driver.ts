import { ImageError, type FilePort } from '../../disk-image.js';
import { BorrowedFile } from '../borrowed-file.js';
import type {
  CheckReport,
  CreateSpec,
  FormatDriver,
  ImageDetails,
  OperationControl,
  RepairMode,
} from '../format-driver.js';
import type { ImagePorts } from '../image-ports.js';
import { damageReport } from '../mapped/damage-report.js';
import { encodeDescriptor, withSectors } from './descriptor.js';
import { SparseExtent, type GrainSurvey } from './sparse-extent.js';
import { directoryEntries, encodeSparseHeader, parseSparseHeader, SECTOR, type SparseHeader } from './sparse-header.js';
import { contentIdFrom, StreamWriter } from './stream.js';
import { unsupportedVmdk } from './vmdk-errors.js';
import { readDescriptor, VmdkImage } from './vmdk-image.js';

const GRAIN_SECTORS = 128;
const ENTRIES_PER_TABLE = 512;
const TABLE_SECTORS = (ENTRIES_PER_TABLE * 4) / SECTOR;
const DESCRIPTOR_OFFSET = 1;
const DESCRIPTOR_SECTORS = 20;

async function details(file: FilePort): Promise<ImageDetails> {
  const { createType, extents, parent } = await readDescriptor(file);
  const sparse = await headerOf(file);
  const sectors = sparse?.capacity ?? extents.reduce((sum, extent) => sum + extent.sectors, 0);
  return {
    format: 'vmdk',
    size: sectors * SECTOR,
    layout: sparse?.compressed ? 'compressed' : extents.every(({ kind }) => kind === 'flat') ? 'fixed' : 'sparse',
    variant: createType,
    ...(sparse && { clusterBytes: sparse.grainSectors * SECTOR }),
    ...(parent && { backing: { name: parent.name, format: 'vmdk' } }),
    snapshots: [],
    needsRepair: sparse?.unclean ?? false,
  };
} // prettier-ignore

/** Header of the sparse extent with an embedded descriptor. */
async function headerOf(file: FilePort): Promise<SparseHeader | undefined> {
  const head = new Uint8Array(SECTOR);
  await file.read(0, head);
  return (await readDescriptor(file)).embedded ? parseSparseHeader(head) : undefined;
}

/** A monolithicSparse disk with all its grain tables, as VMware and QEMU make it. */
async function create(file: FilePort, { size, layout, identity, backing }: CreateSpec): Promise<void> {
  if (layout !== 'sparse') throw unsupportedVmdk(`can be made sparse only, not ${layout}`);
  if (backing !== undefined) throw unsupportedVmdk('cannot be made as an overlay');
  const capacity = size / SECTOR;
  const tables = Math.ceil(capacity / (GRAIN_SECTORS * ENTRIES_PER_TABLE));
  const directorySectors = Math.ceil((tables * 4) / SECTOR);
  const redundantDirectory = DESCRIPTOR_OFFSET + DESCRIPTOR_SECTORS;
  const directory = redundantDirectory + directorySectors + tables * TABLE_SECTORS;
  const end = directory + directorySectors + tables * TABLE_SECTORS;
  const header: SparseHeader = {
    version: 1,
    capacity,
    grainSectors: GRAIN_SECTORS,
    descriptorOffset: DESCRIPTOR_OFFSET,
    descriptorSectors: DESCRIPTOR_SECTORS,
    entriesPerTable: ENTRIES_PER_TABLE,
    redundantDirectory,
    directory,
    overhead: Math.ceil(end / GRAIN_SECTORS) * GRAIN_SECTORS,
    unclean: false,
    zeroedGrains: false,
    compressed: false,
  };
  await file.truncate(header.overhead * SECTOR);
  for (const start of [redundantDirectory, directory])
    await file.write(start * SECTOR, encodeDirectory(directoryEntries(header), start + directorySectors));
  const text = encodeDescriptor('monolithicSparse', capacity, contentIdFrom(identity.uuid));
  await file.write(DESCRIPTOR_OFFSET * SECTOR, text);
  await file.write(0, encodeSparseHeader(header));
}

/**
 * Grows a disk in one sparse file: directories for the new size, and the tables it lacks, go behind what is there; then
 * the header, which is one sector, names them.
 */
async function resize(file: FilePort, ports: ImagePorts, size: number): Promise<void> {
  const header = await headerOf(file);
  if (header === undefined || header.compressed || header.directory === undefined || size < header.capacity * SECTOR)
    throw new ImageError(
      'image-unsupported',
      'VMDK disks cannot be cut, and only those in one sparse file can grow. Convert it to qcow2 for another size.',
    );
  await (await VmdkImage.open(new BorrowedFile(file), ports)).close();
  const grown = { ...header, capacity: size / SECTOR };
  const [before, after] = [directoryEntries(header), directoryEntries(grown)];
  const directorySectors = Math.ceil((after * 4) / SECTOR);
  const tableSectors = (header.entriesPerTable * 4) / SECTOR;
  const grainBytes = header.grainSectors * SECTOR;
  const start = (Math.ceil((await file.size()) / grainBytes) * grainBytes) / SECTOR;
  const copySectors = directorySectors + (after - before) * tableSectors;
  const place = async (old: number, sector: number): Promise<void> => {
    const bytes = new Uint8Array(after * 4);
    await file.read(old * SECTOR, bytes.subarray(0, before * 4));
    const view = new DataView(bytes.buffer);
    for (let i = before; i < after; i++)
      view.setUint32(i * 4, sector + directorySectors + (i - before) * tableSectors, true);
    await file.write(sector * SECTOR, bytes);
  };
  const hasCopy = header.redundantDirectory !== 0;
  await file.truncate((start + copySectors * (hasCopy ? 2 : 1)) * SECTOR);
  await place(header.directory, start);
  if (hasCopy) await place(header.redundantDirectory, start + copySectors);
  await file.sync();
  const redundantDirectory = hasCopy ? start + copySectors : 0;
  await file.write(0, encodeSparseHeader({ ...grown, directory: start, redundantDirectory }));
  // The descriptor says the size too; what counts is the header.
  const text = new Uint8Array(header.descriptorSectors * SECTOR);
  await file.read(header.descriptorOffset * SECTOR, text);
  const changed = withSectors(text, grown.capacity);
  if (changed !== undefined) await file.write(header.descriptorOffset * SECTOR, changed);
}

/** A grain directory whose tables follow each other from sector `first` on. */
function encodeDirectory(entries: number, first: number): Uint8Array {
  const bytes = new Uint8Array(entries * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < entries; i++) view.setUint32(i * 4, first + i * TABLE_SECTORS, true);
  return bytes;
}

/** Checks a disk in one sparse file; of the others, that their parts are there and can be read. */
async function check(
  file: FilePort,
  ports: ImagePorts,
  repair: RepairMode,
  control: OperationControl,
): Promise<CheckReport> {
  const notFound: GrainSurvey = { used: 0, shared: 0, outside: 0, differingTables: 0, leaked: 0 };
  let survey = notFound;
  let repaired = 0;
  const report = await damageReport(async () => {
    const { embedded, parent } = await readDescriptor(file);
    if (!embedded) throw unsupportedVmdk('is in several files');
    const extent = await SparseExtent.open(file, parent !== undefined, ports);
    survey = await extent.survey((done, total) => {
      control.checkpoint();
      control.progress(done, total);
    });
    if (repair === 'all' && survey.differingTables > 0) {
      await extent.rewriteTables();
      repaired = survey.differingTables;
    }
    return { leaks: survey.leaked, repairedLeaks: 0, repairedErrors: repaired };
  });
  const errors = report.errors + survey.shared + survey.outside + survey.differingTables - repaired;
  return { ...report, errors, problems: [...report.problems, ...problemsOf(survey)] };
}

function problemsOf({ shared, outside, differingTables }: GrainSurvey): string[] {
  return [
    ...(shared > 0 ? [`${shared} grains are used twice.`] : []),
    ...(outside > 0 ? [`${outside} grains lie outside the file.`] : []),
    ...(differingTables > 0 ? [`${differingTables} grain tables differ from their copies.`] : []),
  ];
}

export const vmdkDriver: FormatDriver = {
  format: 'vmdk',
  open: (file, ports) => VmdkImage.open(file, ports),
  details,
  create,
  resize,
  writer: (file, spec, ports) => StreamWriter.start(file, spec, ports),
  check,
};
