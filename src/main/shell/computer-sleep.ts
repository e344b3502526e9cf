import { powerMonitor } from 'electron';
import type { Host } from '../host/host.js';

/**
 * Machines are saved when the computer goes to sleep, whose battery may run out, and go on when it wakes up. A computer
 * that sleeps before all is saved finishes that when it wakes up.
 */
export function suspendWithComputer(host: Host): void {
  let suspended: Promise<readonly string[]> | undefined;
  powerMonitor.on('suspend', () => (suspended ??= host.suspendAll()));
  powerMonitor.on('resume', () => {
    void suspended?.then((ids) => host.startAll(ids));
    suspended = undefined;
  });
}
