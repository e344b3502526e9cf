import type { LoadPlan } from '../../loaders/load-plan.js';
import { CODE_SEGMENT, type BiosRom } from '../../rom/bios-rom.js';
import type { AddressSpace } from '../address-space.js';
import type { ServiceCall } from '../service-call.js';
import type { EntryPoint } from './boot-service.js';

/** Puts a planned kernel into memory and its registers into the vCPU; the ROM's `kernelEntry` goes the rest of the way. */
export function startKernel(plan: LoadPlan, call: ServiceCall, memory: AddressSpace, rom: BiosRom): EntryPoint {
  for (const { address, length } of plan.zeroed) memory.fill(address, length, 0);
  for (const { address, bytes } of plan.chunks) memory.writeBytes(address, bytes);
  const { entry, eax = 0, ebx = 0, esi = 0 } = plan.registers;
  call.eax = eax;
  call.ebx = ebx;
  call.ecx = entry;
  call.esi = esi;
  call.edi = 0;
  call.ebp = 0;
  return { segment: CODE_SEGMENT, offset: rom.address('kernelEntry') & 0xffff };
}
