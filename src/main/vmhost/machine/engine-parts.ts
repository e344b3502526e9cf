import { randomFillSync } from 'node:crypto';
import type { VcpuBus } from '../../vmm/cpu/engine.js';
import { InterpreterEngine, type InterpreterOptions } from '../../vmm/cpu/interpreter.js';
import { ArgumentMemory } from '../../vmm/cpu/kvm/argument-memory.js';
import { KvmEngine } from '../../vmm/cpu/kvm/kvm-engine.js';
import { KvmSystem } from '../../vmm/cpu/kvm/kvm-system.js';
import { TranslatorEngine } from '../../vmm/cpu/translator/translator-engine.js';
import { BuiltinBios } from '../../vmm/firmware/builtin-bios.js';
import type { Firmware } from '../../vmm/firmware/firmware.js';
import { SeaBios } from '../../vmm/firmware/seabios.js';
import type { GuestMemory } from '../../vmm/memory/guest-memory.js';
import type { VcpuFactory } from '../../vmm/machine/machine-ports.js';
import { libcKernel } from '../kvm/libc-kernel.js';
import type { FirmwareChoice, MachineThreadData } from './thread-messages.js';

/** Makes the firmware a machine is to start with. @throws FirmwareError */
export function createFirmware(choice: FirmwareChoice): Firmware {
  return choice.kind === 'builtin' ? new BuiltinBios(choice.kernel) : new SeaBios(choice);
}

type ProcessorPlan = Pick<MachineThreadData, 'engine' | 'core' | 'vcpuThread' | 'withheldFeatures'>;

/** Makes processors of the planned kind. @throws KvmError if it is KVM and there is none */
export function createProcessor(plan: ProcessorPlan): VcpuFactory {
  if (plan.engine === 'kvm') return kvmProcessor(plan);
  return (memory, bus) => {
    const options = interpreterOptions(plan, memory, bus);
    if (plan.engine !== 'translator') return new InterpreterEngine(options);
    return new TranslatorEngine({ ...options, nowMs: () => performance.now() });
  };
}

function kvmProcessor(plan: ProcessorPlan): VcpuFactory {
  const { vcpuThread, withheldFeatures } = plan;
  return (memory, bus) => {
    const system = new KvmSystem(libcKernel(vcpuThread));
    const address = system.kernel.addressOf(memory.wasm.buffer);
    const createInterpreter = (): InterpreterEngine => new InterpreterEngine(interpreterOptions(plan, memory, bus));
    const argumentMemory = new ArgumentMemory(memory, address);
    return new KvmEngine({ system, memory, bus, arguments: argumentMemory, createInterpreter, withheldFeatures });
  };
}

function interpreterOptions(
  { core: module, withheldFeatures }: ProcessorPlan,
  memory: GuestMemory,
  bus: VcpuBus,
): InterpreterOptions {
  return { memory, bus, module, withheldFeatures, random: strongRandom() };
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
