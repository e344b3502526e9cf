import type { KernelImage } from '../firmware.js';
import { invalidKernel, type LoadPlan, type LoadTarget } from './load-plan.js';
import { isLinux, planLinux } from './linux.js';
import { isMultiboot, planMultiboot } from './multiboot.js';
import { isMultiboot2, planMultiboot2 } from './multiboot2.js';
import { isPvh, planPvh } from './pvh.js';

const isGzip = (file: Uint8Array): boolean => file[0] === 0x1f && file[1] === 0x8b;

export type KernelKind = 'linux' | 'multiboot2' | 'multiboot' | 'pvh';

/** By which protocol a kernel file can be started. @throws FirmwareError `kernel-invalid` if by none */
export function kernelKind(kernel: Uint8Array): KernelKind {
  if (isLinux(kernel)) return 'linux';
  if (isMultiboot2(kernel)) return 'multiboot2';
  if (isMultiboot(kernel)) return 'multiboot';
  if (isPvh(kernel)) return 'pvh';
  if (isGzip(kernel)) throw invalidKernel('it is compressed with gzip; decompress it first');
  throw invalidKernel('it is neither a Linux bzImage nor a multiboot or PVH kernel');
}

/** Lays a kernel, its initial RAM disk and what it is told out in memory. @throws FirmwareError `kernel-invalid` */
export function planKernel(image: KernelImage, target: LoadTarget, rsdpBytes: Uint8Array): LoadPlan {
  switch (kernelKind(image.kernel)) {
    case 'linux':
      return planLinux(image, target);
    case 'multiboot2':
      return planMultiboot2(image, target, rsdpBytes);
    case 'multiboot':
      return planMultiboot(image, target);
    case 'pvh':
      return planPvh(image, target);
  }
}
