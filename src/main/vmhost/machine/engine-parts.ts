import { InterpreterEngine } from '../../vmm/cpu/interpreter.js';
import { BuiltinBios } from '../../vmm/firmware/builtin-bios.js';
import type { Firmware } from '../../vmm/firmware/firmware.js';
import type { VcpuFactory } from '../../vmm/machine/machine-ports.js';
import type { FirmwareChoice } from './thread-messages.js';

/** Makes the firmware a machine is to start with. @throws FirmwareError */
export function createFirmware(choice: FirmwareChoice): Firmware {
  if (choice.kind === 'builtin') return new BuiltinBios(choice.kernel);
  throw new Error('SeaBIOS');
}

/** Makes processors that run on the compiled core. */
export function createProcessor(module: WebAssembly.Module): VcpuFactory {
  return (memory, bus) => new InterpreterEngine({ memory, bus, module });
}
