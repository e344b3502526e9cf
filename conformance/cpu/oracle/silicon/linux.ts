import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The few C library functions the oracle needs, or the reason they cannot be had. */
export interface Linux {
  /** Whether threads have protection-key rights. */
  readonly protectionKeys: boolean;
  /** Maps anonymous memory exactly at `address` and gives a view of it. @throws Error if something is there already */
  map(address: number, bytes: number, protection: number): Uint8Array;
  protect(address: number, bytes: number, protection: number): void;
  /** Keeps this thread on one processor. */
  pin(processor: number): void;
  /** Writes one entry of the local descriptor table (modify_ldt(2), function 1): a `struct user_desc`. */
  writeLdt(userDesc: Uint8Array): void;
  /** Sets a signal's action and answers with the old one (a glibc `struct sigaction`, 152 bytes). */
  setAction(signal: number, action: Uint8Array): Uint8Array;
  setSignalStack(stack: Uint8Array): Uint8Array;
  /** Calls a C function without arguments; `signal` is sent to this thread if it spends `seconds` there, and again each second. */
  call(address: number, signal: number, seconds: number): void;
}

export const PROT = { none: 0, read: 1, write: 2, execute: 4 } as const;

/** struct sigaction of glibc on x86-64: handler, 128 bytes of mask, flags, restorer. */
export const SIGACTION = { handler: 0, mask: 8, flags: 136, bytes: 152 } as const;
/** stack_t: address, flags, size. */
export const STACK_T = { address: 0, flags: 8, size: 16, bytes: 24 } as const;

const MAP_PRIVATE = 0x2;
const MAP_ANONYMOUS = 0x20;
const MAP_POPULATE = 0x8000;
const MAP_FIXED_NOREPLACE = 0x10_0000;
const SYS_MODIFY_LDT = 154;
const WRITE_LDT = 0x11;

const CLOCK_MONOTONIC = 1;
const SIGEV_THREAD_ID = 4;

/** struct sigevent: value, signal, how, thread. */
function threadEvent(signal: number, thread: number): Uint8Array {
  const event = new Uint8Array(64);
  new DataView(event.buffer).setInt32(8, signal, true);
  new DataView(event.buffer).setInt32(12, SIGEV_THREAD_ID, true);
  new DataView(event.buffer).setInt32(16, thread, true);
  return event;
}

/** @throws Error saying why not: no koffi, no Linux, another processor */
export function loadLinux(): Linux {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`needs Linux on x86-64, this is ${process.platform} on ${process.arch}`);
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const libc = koffi.load('libc.so.6');
  const mmap = libc.func(
    'uint64_t mmap(uint64_t address, size_t bytes, int protection, int flags, int fd, int64_t at)',
  );
  const mprotect = libc.func('int mprotect(uint64_t address, size_t bytes, int protection)');
  const modifyLdt = libc.func('long syscall(long number, int function, _Inout_ void *entry, ulong bytes)');
  const sigaction = libc.func('int sigaction(int signal, _In_ void *action, _Out_ void *old)');
  const sigaltstack = libc.func('int sigaltstack(_In_ void *stack, _Out_ void *old)');
  const setAffinity = libc.func('int sched_setaffinity(int thread, size_t bytes, _In_ void *mask)');
  const gettid = libc.func('int gettid()');
  const timerCreate = libc.func('int timer_create(int clock, _In_ void *event, _Out_ void *timer)');
  const timerSettime = libc.func('int timer_settime(int64_t timer, int flags, _In_ void *value, void *old)');
  const timerDelete = libc.func('int timer_delete(int64_t timer)');
  const program = koffi.proto('void oracle_program()');
  const check = (what: string, result: number): void => {
    if (result !== 0) throw new Error(`${what} failed (errno ${koffi.errno()})`);
  };
  return {
    protectionKeys: /\bospke\b/.test(readFileSync('/proc/cpuinfo', 'utf8')),
    map(address, bytes, protection) {
      const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_FIXED_NOREPLACE;
      const at = Number(mmap(BigInt(address), bytes, protection, flags, -1, 0n));
      if (at !== address) throw new Error(`address ${address.toString(16)} is taken (errno ${koffi.errno()})`);
      return new Uint8Array(koffi.view(BigInt(address), bytes));
    },
    protect: (address, bytes, protection) => check('mprotect', mprotect(BigInt(address), bytes, protection) as number),
    pin(processor) {
      check('sched_setaffinity', setAffinity(0, 8, BigInt64Array.of(1n << BigInt(processor))) as number);
    },
    writeLdt(userDesc) {
      check('modify_ldt', Number(modifyLdt(SYS_MODIFY_LDT, WRITE_LDT, userDesc, userDesc.length)));
    },
    setAction(signal, action) {
      const old = new Uint8Array(SIGACTION.bytes);
      check('sigaction', sigaction(signal, action, old) as number);
      return old;
    },
    setSignalStack(stack) {
      const old = new Uint8Array(STACK_T.bytes);
      check('sigaltstack', sigaltstack(stack, old) as number);
      return old;
    },
    call(address, signal, seconds) {
      const timer = new BigInt64Array(1);
      check('timer_create', timerCreate(CLOCK_MONOTONIC, threadEvent(signal, Number(gettid())), timer) as number);
      check('timer_settime', timerSettime(timer[0], 0, BigInt64Array.of(1n, 0n, BigInt(seconds), 0n), null) as number);
      koffi.call(BigInt(address), program);
      check('timer_delete', timerDelete(timer[0]) as number);
    },
  };
}
