import type { KvmAlarm } from '../../vmm/cpu/kvm/kernel-port.js';
import { callError } from '../../vmm/cpu/kvm/kvm-error.js';
import type { CLibrary } from '../native/koffi.js';
import { loadFfi } from './ffi.js';

// System calls by number (Linux arch/x86/entry/syscalls/syscall_64.tbl); the C library's wrappers hide thread and mask.
const SYS_RT_SIGPROCMASK = 14;
const SYS_RT_SIGTIMEDWAIT = 128;
const SYS_GETTID = 186;
const SYS_TIMER_CREATE = 222;
const SYS_TIMER_SETTIME = 223;
const SYS_TIMER_DELETE = 226;
const SYS_TGKILL = 234;

const SIG_BLOCK = 0;
const CLOCK_MONOTONIC = 1;
const SIGEV_THREAD_ID = 4;
const MASK_BYTES = 8;

/** A real-time signal nobody else in a Node process uses. */
const SIGNAL = 60;
const SIGNAL_BIT = 1n << BigInt(SIGNAL - 1);

/** One word of shared memory: the kernel's id of the thread that runs the vCPU, 0 while a signal would find nobody. */
export type VcpuThread = Int32Array<SharedArrayBuffer>;

type Call = (
  number: number,
  first: number,
  second: Uint8Array | null,
  third: Uint8Array | null,
  fourth: number,
) => number;

/**
 * Rings a thread's alarm from another thread of this process.
 * @throws KvmError without a foreign-function interface
 */
export function alarmRinger(): (thread: number) => void {
  const signal = loadFfi()
    .load('libc.so.6')
    .func('long syscall(long number, long process, long thread, long signal)') as (...values: number[]) => number;
  return (thread) => void signal(SYS_TGKILL, process.pid, thread, SIGNAL);
}

/**
 * An alarm of the calling thread: a POSIX timer that signals this thread alone.
 * @param shared told the thread's id once the signal cannot kill it any more
 */
export function threadAlarm(libc: CLibrary, answer: (result: number) => number, shared?: VcpuThread): KvmAlarm {
  const raw = libc.func(
    'long syscall(long number, long first, void *second, _Inout_ void *third, long fourth)',
  ) as Call;
  const byPointer = libc.func('long syscall(long number, void *first, void *second, void *third, long fourth)') as (
    number: number,
    first: Uint8Array,
    second: null,
    third: Uint8Array,
    fourth: number,
  ) => number;
  const checked = (name: string, result: number): number => {
    const value = answer(result);
    if (value < 0) throw callError(name, -value);
    return value;
  };
  const set = maskOf(SIGNAL_BIT);
  const before = new Uint8Array(MASK_BYTES);
  checked('rt_sigprocmask', raw(SYS_RT_SIGPROCMASK, SIG_BLOCK, set, before, MASK_BYTES));
  const timer = new Uint8Array(4);
  const thread = checked('gettid', raw(SYS_GETTID, 0, null, null, 0));
  const event = signalEvent(thread);
  checked('timer_create', raw(SYS_TIMER_CREATE, CLOCK_MONOTONIC, event, timer, 0));
  const id = new DataView(timer.buffer).getInt32(0, true);
  const setTime = libc.func('long syscall(long number, long timer, long flags, void *value, void *old)') as (
    number: number,
    timer: number,
    flags: number,
    value: Uint8Array,
    old: null,
  ) => number;
  if (shared) Atomics.store(shared, 0, thread);
  const interval = new Uint8Array(32);
  const intervalView = new DataView(interval.buffer);
  const noWait = new Uint8Array(16);
  return {
    maskInside: maskOf(new DataView(before.buffer).getBigUint64(0, true) & ~SIGNAL_BIT),
    arm(ns) {
      intervalView.setUint32(16, Math.floor(ns / 1e9), true);
      intervalView.setUint32(24, Math.floor(ns % 1e9), true);
      setTime(SYS_TIMER_SETTIME, id, 0, interval, null);
    },
    acknowledge: () => void byPointer(SYS_RT_SIGTIMEDWAIT, set, null, noWait, MASK_BYTES),
    close() {
      if (shared) Atomics.store(shared, 0, 0);
      raw(SYS_TIMER_DELETE, id, null, null, 0);
    },
  };
}

function maskOf(bits: bigint): Uint8Array {
  const mask = new Uint8Array(MASK_BYTES);
  new DataView(mask.buffer).setBigUint64(0, bits, true);
  return mask;
}

/** struct sigevent for one thread (include/uapi/asm-generic/siginfo.h). */
function signalEvent(thread: number): Uint8Array {
  const event = new Uint8Array(64);
  const view = new DataView(event.buffer);
  view.setInt32(8, SIGNAL, true);
  view.setInt32(12, SIGEV_THREAD_ID, true);
  view.setInt32(16, thread, true);
  return event;
}
