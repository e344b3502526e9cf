import { BuiltinBios } from '../../vmm/firmware/builtin-bios.js';
import type { Firmware } from '../../vmm/firmware/firmware.js';
import type { VcpuFactory } from '../../vmm/machine/machine-ports.js';
// eslint-disable-next-line annex/layers
import { IdleVcpu } from '../../../testing/idle-vcpu.js';
import type { FirmwareChoice } from './thread-messages.js';

/** Makes the firmware a machine is to start with. @throws FirmwareError */
export function createFirmware(choice: FirmwareChoice): Firmware {
  if (choice.kind === 'builtin') return new BuiltinBios(choice.kernel);
  throw new Error('SeaBIOS');
}

/** Makes processors that run on the compiled core. */
export function createProcessor(_core: WebAssembly.Module): VcpuFactory {
  return (_memory, bus) => new IdleVcpu(bus);
}
