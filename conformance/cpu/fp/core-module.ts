import { main } from 'assemblyscript/asc';
import { join } from 'node:path';

/** The floating-point and SIMD part of the core, apart from decoder and memory: a test build with pointers as operands. */
export interface FpCore {
  readonly memory: WebAssembly.Memory;
  readonly fpState: { readonly value: number };
  readonly simdFlags: { readonly value: number };
  readonly simdIndex: { readonly value: number };
  setSimdFlags(flags: number): void;
  execX87(op: number, i: number, memory: number): number;
  /** 0 for a reserved MXCSR bit. */
  fxrstor(area: number, wide: number, registers: number): number;
  fxsave(area: number, wide: number, registers: number): void;
  xsave(area: number, requested: number, wide: number, registers: number, optimize: number): void;
  /** 0 for #GP. */
  xrstor(area: number, requested: number, xcr0: bigint, wide: number, registers: number): number;
  resetFloatingPoint(): void;
  execSimd(op: number, dst: number, src: number, imm: number): number;
  execMmx(op: number, dst: number, src: number, imm: number): number;
}

/** Offsets in the floating-point block: see assembly/fp/state.ts. */
export const FP = { xmm: 0, x87: 256, mxcsr: 384, fcw: 388, fsw: 392, valid: 396 } as const;

const ASSEMBLY = join(import.meta.dirname, '../../../src/main/vmm/cpu/core/assembly');

/** Compiles the test build, `optimized` (slow to compile) or plain, and makes a fresh instance with its own memory. */
export async function loadFpCore({ optimized = false } = {}): Promise<FpCore> {
  const memory = new WebAssembly.Memory({ initial: 16 });
  const abort = (): never => {
    throw new Error('the core aborted');
  };
  const binary = await compile(optimized);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { memory, abort } });
  return { ...(instance.exports as unknown as FpCore), memory };
}

async function compile(optimized: boolean): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const messages: string[] = [];
  const { error } = await main(
    [
      join(ASSEMBLY, 'fp/test-entry.ts'),
      ...['--outFile', 'fp.wasm', '--runtime', 'stub', '--enable', 'simd', '--importMemory', '--disableWarning', '112'],
      ...['--optimizeLevel', optimized ? '3' : '0'],
    ],
    {
      stderr: { write: (text: string | Uint8Array) => void messages.push(String(text)) },
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) binary = contents as Uint8Array;
      },
    },
  );
  if (error || !binary) throw new Error(`AssemblyScript: ${error?.message ?? 'no output'}\n${messages.join('')}`);
  return binary;
}
