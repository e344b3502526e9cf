import { encodeEmptyQcow2 } from '../../../../../shared/disk/empty-qcow2.js';
import { ImageError, type DiskImage, type FilePort } from '../../disk-image.js';
import { BorrowedFile } from '../borrowed-file.js';
import type { CreateSpec, FormatDriver, ImageDetails } from '../format-driver.js';
import type { ImagePorts } from '../image-ports.js';
import { readHeader } from './qcow2-header.js';
import { Qcow2Image } from './qcow2-image.js';
import { rebaseQcow2 } from './qcow2-rebase.js';
import { repairQcow2 } from './qcow2-repair.js';
import { readSnapshots } from './qcow2-snapshots.js';
import { Qcow2Writer } from './qcow2-writer.js';

async function details(file: FilePort): Promise<ImageDetails> {
  const header = await readHeader(file);
  const { backingFile: name, backingFormat: format } = header;
  const { snapshots } = await readSnapshots(file, header);
  return {
    format: 'qcow2',
    size: header.size,
    layout: 'sparse',
    variant: String(header.version),
    clusterBytes: 2 ** header.clusterBits,
    ...(name === undefined ? {} : { backing: { name, ...(format === undefined ? {} : { format }) } }),
    snapshots: snapshots.map(({ id, name, size, takenAt }) => ({ id, name, size, takenAt })),
    needsRepair: header.dirty || header.corrupt,
  };
}

async function openSnapshot(file: FilePort, ports: ImagePorts, id: string): Promise<DiskImage> {
  const { snapshots } = await readSnapshots(file, await readHeader(file));
  const snapshot = snapshots.find((candidate) => candidate.id === id || candidate.name === id);
  if (snapshot === undefined) throw new ImageError('image-unsupported', `It has no snapshot “${id}”.`);
  return Qcow2Image.openSnapshot(file, ports, snapshot);
}

async function create(file: FilePort, { size, clusterBytes, backing }: CreateSpec): Promise<void> {
  const empty = {
    size,
    ...(clusterBytes === undefined ? {} : { clusterBytes }),
    ...(backing === undefined ? {} : { backing }),
  };
  await file.write(0, encoded(empty));
}

function encoded(empty: Parameters<typeof encodeEmptyQcow2>[0]): Uint8Array {
  try {
    return encodeEmptyQcow2(empty);
  } catch (error) {
    throw new ImageError('image-unsupported', `Cannot make this qcow2 image: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

async function resize(file: FilePort, ports: ImagePorts, size: number): Promise<void> {
  const { version, snapshots } = await readHeader(file);
  // Version 2 keeps no size with a snapshot: it would change with the disk's.
  if (version === 2 && snapshots.count > 0)
    throw new ImageError(
      'image-unsupported',
      'A qcow2 image of version 2 with snapshots inside cannot change its size.',
    );
  const image = await Qcow2Image.open(new BorrowedFile(file), ports);
  try {
    await image.resize(size);
  } finally {
    await image.close();
  }
}

export const qcow2Driver: FormatDriver = {
  format: 'qcow2',
  open: (file, ports) => Qcow2Image.open(file, ports),
  openSnapshot,
  details,
  create,
  writer: (file, spec, ports) => Promise.resolve(new Qcow2Writer(file, spec, ports)),
  resize,
  check: (file, _ports, repair, control) => repairQcow2(file, repair, control),
  rebase: rebaseQcow2,
};
