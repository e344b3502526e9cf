/**
 * What the KVM engine needs of the host's kernel. The engine is a library without native code, so whoever owns the
 * process (a VM process, a test) gives it these calls; `vmhost/kvm/libc-kernel.ts` makes them through an FFI.
 *
 * Addresses are the process's own, below 2^47: they fit a number exactly.
 */
export interface KvmKernel {
  /** open(2), read and write, close-on-exec. @returns the descriptor, or a negative errno */
  open(path: string): number;
  close(descriptor: number): void;
  /**
   * ioctl(2). The argument is a plain value or the address of a structure.
   * @returns its result, or a negative errno
   */
  ioctl(descriptor: number, request: number, argument: number): number;
  /** mmap(2), shared, readable and writable, MAP_FIXED over `address`. @returns 0, or a negative errno */
  mapFixed(descriptor: number, address: number, bytes: number): number;
  /** Where the memory of a buffer that never moves (a WebAssembly memory's) lies in this process. */
  addressOf(buffer: ArrayBufferLike): number;
}

/** The errno values KVM's calls are known to answer with (asm-generic/errno-base.h). */
export const ERRNO = {
  EPERM: 1, ENOENT: 2, EINTR: 4, EIO: 5, ENXIO: 6, E2BIG: 7, EAGAIN: 11, ENOMEM: 12, EACCES: 13, EFAULT: 14,
  EBUSY: 16, EEXIST: 17, ENODEV: 19, EINVAL: 22, ENOTTY: 25,
} as const; // prettier-ignore
