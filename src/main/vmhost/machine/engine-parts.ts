import { randomFillSync } from 'node:crypto';
import { InterpreterEngine } from '../../vmm/cpu/interpreter.js';
import { BuiltinBios } from '../../vmm/firmware/builtin-bios.js';
import type { Firmware } from '../../vmm/firmware/firmware.js';
import { SeaBios } from '../../vmm/firmware/seabios.js';
import type { VcpuFactory } from '../../vmm/machine/machine-ports.js';
import type { FirmwareChoice } from './thread-messages.js';

/** Makes the firmware a machine is to start with. @throws FirmwareError */
export function createFirmware(choice: FirmwareChoice): Firmware {
  return choice.kind === 'builtin' ? new BuiltinBios(choice.kernel) : new SeaBios(choice);
}

/** Makes processors that run on the compiled core. */
export function createProcessor(core: WebAssembly.Module): VcpuFactory {
  return (memory, bus) => new InterpreterEngine({ memory, bus, module: core, random: strongRandom() });
}

/** 32 random bits a call from the host's generator, fetched a page at a time: guests run RDRAND in loops. */
function strongRandom(): () => number {
  const pool = new Uint32Array(1024);
  let next = pool.length;
  return () => {
    if (next === pool.length) {
      randomFillSync(pool);
      next = 0;
    }
    return pool[next++]!;
  };
}
