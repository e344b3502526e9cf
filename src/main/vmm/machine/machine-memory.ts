import { GuestMemory } from '../memory/guest-memory.js';
import type { MachineSpec } from './machine-spec.js';

/** Room for ROMs, the display's picture and other device buffers besides video memory. */
const DEVICE_BYTES = 32 << 20;

/** The memory a machine of this spec needs. @throws RangeError if the spec asks for more than the board can have */
export function machineMemory(spec: MachineSpec): GuestMemory {
  return new GuestMemory(spec.memoryBytes, spec.videoMemoryBytes + DEVICE_BYTES);
}
