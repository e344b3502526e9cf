import { ImageError, type DiskImage, type FilePort } from '../../disk-image.js';
import type { ImagePorts } from '../image-ports.js';
import { FlatMap } from '../mapped/flat-map.js';
import { MappedImage } from '../mapped/mapped-image.js';
import {
  MAX_DESCRIPTOR_BYTES,
  nextContentId,
  parseDescriptor,
  type Descriptor,
  type ExtentLine,
} from './descriptor.js';
import { JoinedExtents, type Extent } from './joined-extents.js';
import { SparseExtent } from './sparse-extent.js';
import { isSparseHeader, parseSparseHeader, SECTOR } from './sparse-header.js';
import { damagedVmdk, unsupportedVmdk } from './vmdk-errors.js';
import { ZeroExtent } from './zero-extent.js';

/** A descriptor and where it is. */
export interface FoundDescriptor extends Descriptor {
  /** Whether it is part of the sparse extent it describes. */
  readonly embedded: boolean;
  /** Where its text begins in the file, in bytes. */
  readonly offset: number;
}

/** @throws ImageError */
export async function readDescriptor(file: FilePort): Promise<FoundDescriptor> {
  const head = new Uint8Array(SECTOR);
  const start = head.subarray(0, await file.read(0, head));
  const embedded = isSparseHeader(start);
  const place = embedded ? embeddedPlace(start) : { offset: 0, bytes: await file.size() };
  if (place.bytes > MAX_DESCRIPTOR_BYTES) throw damagedVmdk('its descriptor is too long');
  const text = new Uint8Array(place.bytes);
  return { ...parseDescriptor(text.subarray(0, await file.read(place.offset, text))), embedded, offset: place.offset };
}

function embeddedPlace(start: Uint8Array): { offset: number; bytes: number } {
  const { descriptorOffset, descriptorSectors } = parseSparseHeader(start);
  if (descriptorOffset === 0 || descriptorSectors === 0)
    throw unsupportedVmdk('is one part of a disk in several files; choose the file that describes them');
  return { offset: descriptorOffset * SECTOR, bytes: descriptorSectors * SECTOR };
}

/** A VMDK disk in one file or several. */
export class VmdkImage extends MappedImage {
  private constructor(
    parts: ConstructorParameters<typeof MappedImage>[0],
    /** Changes with the content; a disk that builds on this one names it. */
    readonly contentId: string,
  ) {
    super(parts);
  }

  /** @throws ImageError */
  static async open(file: FilePort, ports: ImagePorts): Promise<VmdkImage> {
    const descriptor = await readDescriptor(file);
    const map = await openExtents(file, descriptor, ports);
    try {
      const backing = await openParent(descriptor, ports);
      const readonly =
        file.readonly || descriptor.extents.some(({ writable }) => !writable) || map.sparse.some((e) => e.header.compressed);
      const text = descriptor.embedded ? undefined : file;
      const whole = new VmdkMap(map, text);
      return new VmdkImage(
        {
          format: 'vmdk',
          map: whole,
          writable: readonly ? undefined : whole,
          backing,
          beforeFirstChange: () => whole.begin(file, descriptor),
        },
        descriptor.contentId,
      );
    } catch (error) {
      await closeAllBut(file, map);
      throw error;
    }
  } // prettier-ignore
}

/** The extents of a disk together with the file that describes them. */
class VmdkMap extends JoinedExtents {
  constructor(
    extents: JoinedExtents,
    private readonly descriptorFile: FilePort | undefined,
  ) {
    super(extents.all);
  }

  /** Tells other programs, and disks that build on this one, that its content is another from now on. */
  async begin(file: FilePort, { contentId, contentIdAt, offset }: FoundDescriptor): Promise<void> {
    for (const extent of this.sparse) await extent.markUnclean(true);
    if (contentIdAt === undefined) return;
    const digits = Uint8Array.from(nextContentId(contentId), (char) => char.charCodeAt(0));
    await file.write(offset + contentIdAt, digits);
  }

  override async close(): Promise<void> {
    try {
      await super.close();
    } finally {
      await this.descriptorFile?.close();
    }
  }
}

async function openExtents(file: FilePort, descriptor: FoundDescriptor, ports: ImagePorts): Promise<JoinedExtents> {
  const hasParent = descriptor.parent !== undefined;
  if (descriptor.embedded) return new JoinedExtents([await SparseExtent.open(file, hasParent, ports)]);
  if (descriptor.extents.length === 0) throw damagedVmdk('its descriptor names no extents');
  const extents: Extent[] = [];
  try {
    for (const line of descriptor.extents) extents.push(await openExtent(line, hasParent, ports));
  } catch (error) {
    await new JoinedExtents(extents).close();
    throw error;
  }
  return new JoinedExtents(extents);
}

/** @throws ImageError, also for a file elsewhere than the descriptor */
async function openExtent(line: ExtentLine, hasParent: boolean, ports: ImagePorts): Promise<Extent> {
  const bytes = line.sectors * SECTOR;
  if (!Number.isSafeInteger(bytes + line.offset * SECTOR)) throw damagedVmdk('an extent is absurdly large');
  if (line.kind === 'zero') return new ZeroExtent(bytes);
  const file = await ports.openPart(line.name);
  try {
    const offset = line.offset * SECTOR;
    if (line.kind === 'flat') {
      if (offset + bytes > (await file.size())) throw damagedVmdk('a file with a part of it is too short');
      return new FlatMap(file, offset, bytes);
    }
    const extent = await SparseExtent.open(file, hasParent, ports);
    if (extent.size !== bytes) throw damagedVmdk('an extent is not as long as the descriptor says');
    return extent;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openParent({ parent }: Descriptor, ports: ImagePorts): Promise<DiskImage | undefined> {
  if (parent === undefined) return undefined;
  const backing = await ports.openBacking(parent.name, 'vmdk');
  if (backing instanceof VmdkImage && backing.contentId === parent.contentId) return backing;
  await backing.close();
  throw new ImageError(
    'image-damaged',
    `The disk “${parent.name}” that this VMDK image builds on has been changed since. Restore it from a copy.`,
  );
}

/** The caller keeps owning the file that could not be opened as a disk. */
async function closeAllBut(file: FilePort, map: JoinedExtents): Promise<void> {
  for (const extent of map.all) if (!(extent instanceof SparseExtent && extent.owns(file))) await extent.close();
}
