import { readFileSync } from 'node:fs';
import type { CpuFeature } from '../main/vmm/cpu/cpu-features.js';
import { InterpreterEngine } from '../main/vmm/cpu/interpreter.js';
import { TranslatorEngine } from '../main/vmm/cpu/translator/translator-engine.js';
import type { VcpuFactory } from '../main/vmm/machine/machine-ports.js';
import { Random } from './random.js';

let module: WebAssembly.Module | undefined;

function core(): WebAssembly.Module {
  return (module ??= new WebAssembly.Module(readFileSync(new URL('../../out/core/core.wasm', import.meta.url))));
}

/** The processor tests run guests on; the test runner compiles the core first. */
export const createTestVcpu = ((memory, bus) =>
  new InterpreterEngine({ memory, bus, module: core() })) satisfies VcpuFactory;

/** A software processor that withholds features, so that its guest can move to a host that lacks them. */
export const createLackingVcpu =
  (Software: typeof InterpreterEngine, withheldFeatures: readonly CpuFeature[]): VcpuFactory =>
  (memory, bus) =>
    new Software({ memory, bus, module: core(), withheldFeatures });

/** What the automatic choice takes on hosts without KVM; `ANNEX_TEST_ENGINE=interpreter` runs guests without regions. */
export const createSoftwareVcpu: VcpuFactory = (memory, bus) =>
  process.env.ANNEX_TEST_ENGINE === 'interpreter'
    ? createTestVcpu(memory, bus)
    : new TranslatorEngine({ memory, bus, module: core() });

/** The same with regions; eager, so that short guests have some. */
export const createTranslatingVcpu: VcpuFactory = (memory, bus) =>
  new TranslatorEngine({ memory, bus, module: core(), sampleInstructions: 100, hotSamples: 2, tellingMisses: 10 });

/** Regions of whatever has been met once, for code that does not run long enough for more. */
export const createEagerVcpu: VcpuFactory = (memory, bus) =>
  new TranslatorEngine({ memory, bus, module: core(), sampleInstructions: 1, hotSamples: 1, tellingMisses: 1 });

/** Regions of loops that go round a few times. */
export const createOracleVcpu: VcpuFactory = (memory, bus) =>
  new TranslatorEngine({ memory, bus, module: core(), sampleInstructions: 25, hotSamples: 1, tellingMisses: 5 });

/** What RDRAND gives: the same in every machine. */
function seededRandom(): () => number {
  const random = new Random(1);
  return () => random.word();
}

/** Both engines as in the product, but that they get the same random numbers, and that more is translated, sooner. */
export const createSeededVcpu: VcpuFactory = (memory, bus) =>
  new InterpreterEngine({ memory, bus, module: core(), random: seededRandom() });

export const createSeededTranslatingVcpu: VcpuFactory = (memory, bus) =>
  new TranslatorEngine({
    memory,
    bus,
    module: core(),
    random: seededRandom(),
    sampleInstructions: 500,
    hotSamples: 20,
    tellingMisses: 500,
  });
