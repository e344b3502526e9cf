import type { FilePort } from '../disk-image.js';
import type { FormatDriver, ImageDetails } from './format-driver.js';
import { RawImage } from './raw-image.js';

async function details(format: 'raw' | 'iso', file: FilePort): Promise<ImageDetails> {
  const { size } = await (format === 'iso' ? RawImage.openIso(file) : RawImage.open(file));
  return { format, size, layout: 'sparse', snapshots: [], needsRepair: false };
}

export const rawDriver: FormatDriver = {
  format: 'raw',
  open: (file) => RawImage.open(file),
  details: (file) => details('raw', file),
  create: (file, { size }) => file.truncate(size),
  resize: (file, _ports, size) => file.truncate(size),
};

export const isoDriver: FormatDriver = {
  format: 'iso',
  open: (file) => RawImage.openIso(file),
  details: (file) => details('iso', file),
};
