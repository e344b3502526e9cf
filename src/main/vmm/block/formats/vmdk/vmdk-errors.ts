import { ImageError } from '../../disk-image.js';

export const damagedVmdk = (what: string): ImageError =>
  new ImageError('image-damaged', `This VMDK image is damaged: ${what}. Restore it from a copy.`);

export const unsupportedVmdk = (what: string): ImageError =>
  new ImageError('image-unsupported', `This VMDK image ${what}, which this version cannot open.`);
