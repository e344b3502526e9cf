import { ImageError, type DiskImage, type FilePort } from '../../disk-image.js';
import type { ImagePorts } from '../image-ports.js';
import { FlatMap } from '../mapped/flat-map.js';
import { MappedImage } from '../mapped/mapped-image.js';
import { readDynamicHeader, type DynamicHeader } from './dynamic-header.js';
import { damagedVhd, FOOTER_BYTES, isFooter, parseFooter, type VhdFooter } from './vhd-footer.js';
import { VhdMap } from './vhd-map.js';

export interface FoundFooter extends VhdFooter {
  readonly bytes: Uint8Array;
}

/**
 * The footer at the file's end, or its copy at the start if a crash took the first. A fixed image has only the first.
 * @throws ImageError
 */
export async function findFooter(file: FilePort): Promise<FoundFooter> {
  const size = await file.size();
  // Old Virtual PC versions wrote footers of 511 bytes; what is missing is reserved and zero.
  for (const [at, length] of [[size - FOOTER_BYTES, FOOTER_BYTES], [0, FOOTER_BYTES], [size - FOOTER_BYTES + 1, FOOTER_BYTES - 1]] as const) {
    const bytes = new Uint8Array(FOOTER_BYTES);
    if (at < 0 || (await file.read(at, bytes.subarray(0, length))) < length || !isFooter(bytes)) continue;
    const footer = parseFooter(bytes);
    if (footer.type !== 'fixed' || at > 0) return { ...footer, bytes };
  }
  throw damagedVhd('its footer is missing or its checksum is wrong');
} // prettier-ignore

/** A VHD disk. Differencing ones can be read, not written. */
export class VhdImage extends MappedImage {
  private constructor(
    parts: ConstructorParameters<typeof MappedImage>[0],
    /** What an image that builds on this one knows it by. */
    readonly uuid: Uint8Array,
  ) {
    super(parts);
  }

  /** @throws ImageError */
  static async open(file: FilePort, ports: ImagePorts): Promise<VhdImage> {
    const footer = await findFooter(file);
    const { type, size, uuid } = footer;
    if (type === 'fixed') {
      if (size + FOOTER_BYTES - 1 > (await file.size())) throw damagedVhd('it is shorter than its disk');
      const map = new FlatMap(file, 0, size);
      return new VhdImage({ format: 'vhd', map, writable: file.readonly ? undefined : map, backing: undefined }, uuid);
    }
    const header = await readDynamicHeader(file, footer.dataOffset, size);
    const differencing = type === 'differencing';
    const map = await VhdMap.open(file, size, header, footer.bytes, differencing);
    const backing = differencing ? await openParent(header, ports) : undefined;
    const writable = file.readonly || differencing ? undefined : map;
    return new VhdImage({ format: 'vhd', map, writable, backing }, uuid);
  }
}

async function openParent({ parentName, parentUuid }: DynamicHeader, ports: ImagePorts): Promise<DiskImage> {
  const parent = await ports.openBacking(parentName, 'vhd');
  if (parent instanceof VhdImage && parent.uuid.every((byte, i) => byte === parentUuid[i])) return parent;
  await parent.close();
  throw new ImageError('image-damaged', `“${parentName}” is not the disk this VHD image was made from. Restore that disk.`);
} // prettier-ignore
