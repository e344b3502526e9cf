import type { FilePort } from '../../disk-image.js';
import type { FormatDriver, ImageDetails } from '../format-driver.js';
import { HEADER_READ_BYTES, parseHeader } from './qcow2-header.js';
import { Qcow2Image } from './qcow2-image.js';

async function details(file: FilePort): Promise<ImageDetails> {
  const head = new Uint8Array(HEADER_READ_BYTES);
  const header = parseHeader(head.subarray(0, await file.read(0, head)));
  const { backingFile: name, backingFormat: format } = header;
  return {
    format: 'qcow2',
    size: header.size,
    layout: 'sparse',
    variant: String(header.version),
    clusterBytes: 2 ** header.clusterBits,
    ...(name === undefined ? {} : { backing: { name, ...(format === undefined ? {} : { format }) } }),
    snapshots: [],
    needsRepair: header.needsRepair,
  };
}

export const qcow2Driver: FormatDriver = {
  format: 'qcow2',
  open: (file, ports) => Qcow2Image.open(file, ports),
  details,
};
