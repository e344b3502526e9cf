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
  /** An alarm for the calling thread, which must be the one that runs the vCPU. */
  createAlarm(): KvmAlarm;
  /** eventfd(2), non-blocking and close-on-exec: a counter that processes and the kernel wait on. @returns the descriptor, or a negative errno */
  createEvent(): number;
  /** Adds one to an event's counter. */
  signalEvent(descriptor: number): void;
  /** Takes an event's counter. @returns how often it was signalled since */
  takeEvent(descriptor: number): number;
  /** Where the memory of a buffer that never moves (a WebAssembly memory's) lies in this process. */
  addressOf(buffer: ArrayBufferLike): number;
}

/**
 * A one-shot timer that makes KVM_RUN come back with EINTR. Its signal is blocked on the thread but inside KVM_RUN, so
 * that one that comes between two runs ends the next at once and none is ever lost or delivered.
 */
export interface KvmAlarm {
  /** The thread's signal mask as it must be inside KVM_RUN: the kernel's 64 bits. */
  readonly maskInside: Uint8Array;
  /** Rings after so many nanoseconds, replacing what was set before. 0 disarms. */
  arm(ns: number): void;
  /** Takes in a signal that has arrived; without it every further run ends at once. */
  acknowledge(): void;
  close(): void;
}

/** The errno values KVM's calls are known to answer with (asm-generic/errno-base.h). */
export const ERRNO = {
  EPERM: 1, ENOENT: 2, EINTR: 4, EIO: 5, ENXIO: 6, E2BIG: 7, EAGAIN: 11, ENOMEM: 12, EACCES: 13, EFAULT: 14,
  EBUSY: 16, EEXIST: 17, ENODEV: 19, EINVAL: 22, ENOTTY: 25,
} as const; // prettier-ignore
