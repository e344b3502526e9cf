import path from 'node:path';
import { WatchedProcess } from './process-tree.js';

/** A Linux guest on the serial line. */
export interface LinuxGuest {
  readonly kernel: string;
  readonly initrd: string;
  readonly append: string;
  readonly memoryMiB: number;
  /** qcow2 image of the first IDE disk. */
  readonly disk?: string;
}

/** An engine that starts a guest and connects its serial line to standard output. */
export type Peer = (guest: LinuxGuest) => WatchedProcess;

const annexCommand = path.resolve('bin/annex.js');

export function annex(...extra: string[]): Peer {
  return ({ kernel, initrd, append, memoryMiB, disk }) =>
    new WatchedProcess(process.execPath, [
      annexCommand,
      'run',
      ...['--kernel', kernel, '--initrd', initrd, '--append', append, '--memory', String(memoryMiB)],
      ...['--net', 'none', '--serial', 'stdio', ...(disk ? ['--disk', disk] : []), ...extra],
    ]);
}

/** QEMU's translator, single-threaded as ours, with a CPU of about our feature level. */
export function qemuTcg(binary: 'qemu-system-x86_64' | 'qemu-system-i386' = 'qemu-system-x86_64'): Peer {
  return ({ kernel, initrd, append, memoryMiB, disk }) =>
    new WatchedProcess(binary, [
      ...['-accel', 'tcg', '-cpu', 'Nehalem-v1', '-m', String(memoryMiB), '-nographic', '-no-reboot', '-net', 'none'],
      ...['-kernel', kernel, '-initrd', initrd, '-append', append],
      ...(disk ? ['-drive', `file=${disk},format=qcow2,if=ide`] : []),
    ]);
}
