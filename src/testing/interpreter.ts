import { readFileSync } from 'node:fs';
import { InterpreterEngine } from '../main/vmm/cpu/interpreter.js';
import type { VcpuFactory } from '../main/vmm/machine/machine-ports.js';

let module: WebAssembly.Module | undefined;

/** The processor tests run guests on; the test runner compiles the core first. */
export const createTestVcpu: VcpuFactory = (memory, bus) => {
  module ??= new WebAssembly.Module(readFileSync(new URL('../../out/core/core.wasm', import.meta.url)));
  return new InterpreterEngine({ memory, bus, module });
};
