import type { FilePort } from '../disk-image.js';
import type { CreateSpec, FormatDriver, ImageDetails } from './format-driver.js';
import { RawImage } from './raw-image.js';

async function details(format: 'raw' | 'iso', file: FilePort): Promise<ImageDetails> {
  const { size } = await (format === 'iso' ? RawImage.openIso(file) : RawImage.open(file));
  return { format, size, layout: 'sparse', snapshots: [], needsRepair: false };
}

/** A fixed image has all its room taken, as far as writing zeros takes it. */
async function create(file: FilePort, { size, layout }: CreateSpec): Promise<void> {
  const zeros = new Uint8Array(1 << 20);
  if (layout === 'fixed')
    for (let at = 0; at < size; at += zeros.length) await file.write(at, zeros.subarray(0, size - at));
  await file.truncate(size);
}

export const rawDriver: FormatDriver = {
  format: 'raw',
  open: (file) => RawImage.open(file),
  details: (file) => details('raw', file),
  create,
  resize: (file, _ports, size) => file.truncate(size),
};

export const isoDriver: FormatDriver = {
  format: 'iso',
  open: (file) => RawImage.openIso(file),
  details: (file) => details('iso', file),
};
