import type { KvmKernel } from '../../vmm/cpu/kvm/kernel-port.js';
import { loadFfi } from './ffi.js';
import { threadAlarm, type VcpuThread } from './thread-alarm.js';

// include/uapi/asm-generic/fcntl.h, mman-common.h
const O_RDWR = 2;
const O_CLOEXEC = 0o2000000;
const EFD_NONBLOCK_CLOEXEC = 0o2004000;
const PROT_READ_WRITE = 3;
const MAP_SHARED_FIXED = 0x11;

/**
 * The kernel's calls, made through the C library by a foreign-function interface.
 * @param vcpuThread told which thread runs the vCPU
 * @throws KvmError without one
 */
export function libcKernel(vcpuThread?: VcpuThread): KvmKernel {
  const ffi = loadFfi();
  const libc = ffi.load('libc.so.6');
  const open = libc.func('int open(const char *path, int flags)') as (path: string, flags: number) => number;
  const close = libc.func('int close(int descriptor)') as (descriptor: number) => number;
  const ioctl = libc.func('int ioctl(int descriptor, ulong request, ulong argument)') as (
    descriptor: number,
    request: number,
    argument: number,
  ) => number;
  const mmap = libc.func('long mmap(ulong at, size_t bytes, int prot, int flags, int descriptor, long offset)') as (
    ...values: number[]
  ) => number;
  const identity = libc.func('void *memmove(void *to, const void *from, size_t bytes)') as unknown as (
    to: Uint8Array,
    from: Uint8Array,
    bytes: number,
  ) => unknown;
  const eventfd = libc.func('int eventfd(uint initial, int flags)') as (initial: number, flags: number) => number;
  type Transfer = (descriptor: number, buffer: Uint8Array, bytes: number) => number;
  const read = libc.func('long read(int descriptor, _Out_ uint8_t *buffer, size_t bytes)') as unknown as Transfer;
  const write = libc.func('long write(int descriptor, const uint8_t *buffer, size_t bytes)') as unknown as Transfer;
  const count = new Uint8Array(8);
  const counter = new DataView(count.buffer);
  const answer = (result: number): number => (result < 0 ? -ffi.errno() : result);
  return {
    open: (path) => answer(open(path, O_RDWR | O_CLOEXEC)),
    close: (descriptor) => void close(descriptor),
    ioctl: (descriptor, request, argument) => {
      const result = ioctl(descriptor, request, argument);
      return result < 0 ? -ffi.errno() : result;
    },
    mapFixed: (descriptor, address, bytes) =>
      Math.min(0, answer(mmap(address, bytes, PROT_READ_WRITE, MAP_SHARED_FIXED, descriptor, 0))),
    createAlarm: () => threadAlarm(libc, answer, vcpuThread),
    createEvent: () => answer(eventfd(0, EFD_NONBLOCK_CLOEXEC)),
    signalEvent(descriptor) {
      counter.setBigUint64(0, 1n, true);
      write(descriptor, count, count.length);
    },
    takeEvent: (descriptor) => (read(descriptor, count, count.length) < 0 ? 0 : Number(counter.getBigUint64(0, true))),
    // Moving nothing answers with the address it was given.
    addressOf(buffer) {
      const bytes = new Uint8Array(buffer);
      return Number(ffi.address(identity(bytes, bytes, 0)));
    },
  };
}
