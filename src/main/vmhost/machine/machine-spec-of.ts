import type { VmPlan } from '../../../shared/vm-process/protocol.js';
import type { MachineSpec } from '../../vmm/machine/machine-spec.js';

const MIB = 1 << 20;

/** The machine a plan describes, as the engine wants it. */
export function specOf({ config, endOnReset }: VmPlan): MachineSpec {
  return {
    machineId: config.id,
    name: config.name,
    memoryBytes: config.memoryMiB * MIB,
    videoMemoryBytes: config.display.videoMemoryMiB * MIB,
    bootOrder: config.bootOrder,
    bootMenuMs: config.bootMenuMs,
    serialPorts: config.serials.map(({ port }) => port as 1 | 2),
    clock: config.clock,
    absolutePointer: config.pointer === 'auto',
    onReset: endOnReset ? 'stop' : 'restart',
  };
}
