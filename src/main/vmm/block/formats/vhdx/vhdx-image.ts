import { ImageError, type DiskImage, type FilePort } from '../../disk-image.js';
import type { ImagePorts } from '../image-ports.js';
import { MappedImage } from '../mapped/mapped-image.js';
import { applyChanges, readLog } from './log-replay.js';
import { PatchedFile } from './patched-file.js';
import { damagedVhdx } from './vhdx-errors.js';
import { FILE_SIGNATURE, readHeader, writeHeader, type FoundHeader } from './vhdx-header.js';
import { VhdxMap, type VhdxLayout } from './vhdx-map.js';
import { readMetadata, type VhdxMetadata } from './vhdx-metadata.js';
import { readRegions, type Region } from './vhdx-regions.js';

/** A file whose log has been dealt with, and what its headers and tables say. */
export interface FoundLayout extends VhdxLayout {
  /** To be used instead of the file: the same, or with the changes of its log over it. */
  readonly file: FilePort;
  readonly metadataRegion: Region;
}

/** Replays the log: in the file, or in memory if that may not be written. @throws ImageError */
export async function readLayout(file: FilePort): Promise<FoundLayout> {
  const signature = new Uint8Array(FILE_SIGNATURE.length);
  await file.read(0, signature);
  if (String.fromCharCode(...signature) !== FILE_SIGNATURE) throw damagedVhdx('it does not begin as a VHDX image');
  let header: FoundHeader = await readHeader(file);
  const changes = await readLog(file, header);
  let usable = file;
  if (changes !== undefined && file.readonly) usable = new PatchedFile(file, changes);
  else if (changes !== undefined) {
    await applyChanges(file, changes);
    header = await writeHeader(file, header, { ...header, logGuid: new Uint8Array(16) });
  }
  const { bat, metadata: metadataRegion } = await readRegions(usable);
  return { file: usable, header, bat, metadataRegion, metadata: await readMetadata(usable, metadataRegion) };
}

/** A VHDX disk. Differencing ones can be read, not written. */
export class VhdxImage extends MappedImage {
  private constructor(
    parts: ConstructorParameters<typeof MappedImage>[0],
    /** What an image that builds on this one knows it by; changes with the content. */
    readonly dataWriteGuid: Uint8Array,
  ) {
    super(parts);
  }

  /** @throws ImageError */
  static async open(file: FilePort, ports: ImagePorts): Promise<VhdxImage> {
    const layout = await readLayout(file);
    const { parent } = layout.metadata;
    const map = await VhdxMap.open(layout.file, layout);
    const backing = parent === undefined ? undefined : await openParent(parent, ports);
    const writable = file.readonly || parent !== undefined ? undefined : map;
    const beforeFirstChange = (): Promise<void> => map.begin();
    return new VhdxImage({ format: 'vhdx', map, writable, backing, beforeFirstChange }, layout.header.dataWriteGuid);
  }
}

async function openParent(
  { name, dataWriteGuids }: NonNullable<VhdxMetadata['parent']>,
  ports: ImagePorts,
): Promise<DiskImage> {
  const parent = await ports.openBacking(name, 'vhdx');
  if (parent instanceof VhdxImage) {
    const { dataWriteGuid } = parent;
    if (dataWriteGuids.some((guid) => guid.every((byte, i) => byte === dataWriteGuid[i]))) return parent;
  }
  await parent.close();
  throw new ImageError(
    'image-damaged',
    `The disk “${name}” that this VHDX image builds on has been changed since. Restore it from a copy.`,
  );
}
