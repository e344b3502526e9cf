import type { DISK_COMMANDS } from '../../../shared/contract/disk-commands.js';
import type { DiskManager } from '../disks/disk-manager.js';
import type { Machines } from '../machines.js';
import type { Handlers } from './handlers.js';

/** Commands about the disks of a machine. */
export function diskCommands(machines: Machines, disks: DiskManager): Handlers<keyof typeof DISK_COMMANDS> {
  return {
    'disk.list': async ({ id }) => ({ disks: await disks.list(id) }),
    'disk.add': async (request) => {
      await disks.add(request);
      return machines.view(request.id);
    },
    'disk.attach': async (request) => {
      await disks.attach(request);
      return machines.view(request.id);
    },
    'disk.remove': async (request) => {
      await disks.remove(request);
      return machines.view(request.id);
    },
    'disk.grow': async (request) => {
      await disks.grow(request);
      return machines.view(request.id);
    },
    'disk.compact': (request) => disks.compact(request),
    'disk.convert': async (request) => {
      await disks.convert(request);
      return machines.view(request.id);
    },
    'disk.check': (request) => disks.check(request),
  };
}
