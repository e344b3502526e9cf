import { CODE, LongModeCpu } from './long-mode.js';

/** One instruction with the state it starts from, as an FXSAVE64 image, registers and a memory operand at [RDI]. */
export interface EngineCase {
  readonly code: readonly number[];
  readonly fx: Uint8Array;
  readonly memory: Uint8Array;
  readonly rax: bigint;
  readonly rdx: bigint;
  readonly rflags: number;
}

export interface EngineOutcome {
  readonly fx: Uint8Array;
  readonly memory: Uint8Array;
  readonly rax: bigint;
  readonly rcx: bigint;
  readonly rflags: number;
}

const DATA = 0x40_0000;
const CASE_BYTES = 1280;
const FX_AFTER = 512;
const MEMORY = 1024;
const MEMORY_BYTES = 128;
const REGISTERS_AFTER = MEMORY + MEMORY_BYTES;

function little(value: bigint, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

/** mov rsi/rdi, imm32; mov rax/rdx, imm64; push flags, popfq; fxrstor64; the instruction; and all of it saved again. */
function program(test: EngineCase, at: number): number[] {
  return [
    ...[0x48, 0xc7, 0xc6, ...little(BigInt(at), 4)],
    ...[0x48, 0xc7, 0xc7, ...little(BigInt(at + MEMORY), 4)],
    ...[0x48, 0xb8, ...little(test.rax, 8)],
    ...[0x48, 0xba, ...little(test.rdx, 8)],
    ...[0x48, 0x31, 0xc9],
    ...[0x48, 0x0f, 0xae, 0x0e],
    ...[0x68, ...little(BigInt(test.rflags), 4), 0x9d],
    ...test.code,
    ...[0x9c, 0x5b],
    ...[0x48, 0x0f, 0xae, 0x86, ...little(BigInt(FX_AFTER), 4)],
    ...[0x48, 0x89, 0x86, ...little(BigInt(REGISTERS_AFTER), 4)],
    ...[0x48, 0x89, 0x8e, ...little(BigInt(REGISTERS_AFTER + 8), 4)],
    ...[0x48, 0x89, 0x9e, ...little(BigInt(REGISTERS_AFTER + 16), 4)],
  ];
}

/** Executes the cases one after the other as one program on the interpreter. */
export function runOnEngine(cases: readonly EngineCase[]): EngineOutcome[] {
  const ramBytes = Math.ceil((DATA + cases.length * CASE_BYTES) / 0x20_0000) * 0x20_0000;
  const cpu = new LongModeCpu(ramBytes);
  let at = CODE;
  cases.forEach((test, i) => {
    const data = DATA + i * CASE_BYTES;
    const code = program(test, data);
    cpu.ram.set(code, at);
    at += code.length;
    cpu.ram.set(test.fx, data);
    cpu.ram.set(test.memory, data + MEMORY);
  });
  if (at >= DATA) throw new RangeError(`${cases.length} cases are too many for one program`);
  cpu.ram[at] = 0xf4;
  cpu.run(cases.length * 20 + 10);
  const view = new DataView(cpu.ram.buffer, cpu.ram.byteOffset, cpu.ram.length);
  return cases.map((_, i) => {
    const data = DATA + i * CASE_BYTES;
    return {
      fx: cpu.ram.slice(data + FX_AFTER, data + FX_AFTER + 512),
      memory: cpu.ram.slice(data + MEMORY, data + MEMORY + MEMORY_BYTES),
      rax: view.getBigUint64(data + REGISTERS_AFTER, true),
      rcx: view.getBigUint64(data + REGISTERS_AFTER + 8, true),
      rflags: view.getUint32(data + REGISTERS_AFTER + 16, true),
    };
  });
}
