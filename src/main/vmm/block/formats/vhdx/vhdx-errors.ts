import { ImageError } from '../../disk-image.js';

export const damagedVhdx = (what: string): ImageError =>
  new ImageError('image-damaged', `This VHDX image is damaged: ${what}. Restore it from a copy.`);

export const unsupportedVhdx = (what: string): ImageError =>
  new ImageError('image-unsupported', `This VHDX image ${what}, which this version cannot open.`);
