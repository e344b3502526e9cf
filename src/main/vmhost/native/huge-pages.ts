import { loadKoffi } from './koffi.js';

// include/uapi/asm-generic/mman-common.h
const MADV_HUGEPAGE = 14;

/**
 * Asks Linux to back a machine's memory with pages of 2 MiB where it can (madvise(2), MADV_HUGEPAGE). Under
 * `transparent_hugepage=madvise`, which several distributions choose, memory gets none unasked: every 4 KiB that guest or
 * core touch first is a fault of its own, and the host's TLB covers little of it.
 * @param memory a whole WebAssembly memory
 * @returns whether the kernel took the advice; elsewhere, or in a process that may not load native code, nothing happens
 */
export function preferHugePages(memory: SharedArrayBuffer): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const madvise = loadKoffi().load('libc.so.6').func('int madvise(void *address, size_t length, int advice)');
    return (madvise as Madvise)(new Uint8Array(memory), memory.byteLength, MADV_HUGEPAGE) === 0;
  } catch {
    return false;
  }
}

type Madvise = (address: Uint8Array, length: number, advice: number) => number;
