import {
  BUDGET,
  FLAGS_A,
  FLAGS_B,
  FLAGS_KIND,
  GENERAL,
  NEXT_RIP,
  PAGE_RIP_LOCAL,
  TLB_TABLE,
} from '../code/region-locals.js';
import { REGION_IMPORTS } from '../code/imports.js';
import { Atomic, ATOMIC_PREFIX, ATOMIC_SIZES } from '../wasm/atomic-instruction.js';
import { Simd } from '../wasm/simd-instruction.js';
import { Saturating, Wasm } from '../wasm/wasm-op.js';

/** Text of WebAssembly instructions, one a line, for people: what lowerings write, to be read as a difference. */

const REGISTERS = [
  'rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
]; // prettier-ignore
const LOCALS: Readonly<Record<number, string>> = {
  [PAGE_RIP_LOCAL]: 'pageRip',
  [FLAGS_A]: 'flagsA',
  [FLAGS_B]: 'flagsB',
  [NEXT_RIP]: 'nextRip',
  [FLAGS_KIND]: 'flagsKind',
  [BUDGET]: 'budget',
  [TLB_TABLE]: 'tlb',
};
const PLAIN = new Map<number, string>(Object.entries(Wasm).map(([name, opcode]) => [opcode, name]));
const VECTOR = new Map<number, string>(Object.entries(Simd).map(([name, opcode]) => [opcode, name]));
const CONVERSIONS = new Map<number, string>(
  Object.entries(Saturating).map(([name, opcode]) => [opcode, `${name} saturating`]),
);
const SATURATING_PREFIX = 0xfc;
const ATOMIC = new Map<number, string>(
  Object.entries(Atomic).flatMap(([name, opcode]) =>
    Object.entries(ATOMIC_SIZES).map(([bytes, offset]) => [opcode + offset, `atomic ${name} ${bytes}`] as const),
  ),
);
const SIMD_PREFIX = 0xfd;
const V128_CONST = 0x0c;
const SHUFFLE = 0x0d;

function local(index: number): string {
  const general = index - GENERAL;
  return REGISTERS[general] ?? LOCALS[index] ?? `t${index}`;
}

/** The text of a function's instructions, indented by nesting. */
export function functionText(bytes: Uint8Array): string[] {
  const reader = new Reader(bytes);
  const lines: string[] = [];
  let depth = 0;
  while (!reader.done) {
    const opcode = reader.byte();
    if (opcode === Wasm.end || opcode === Wasm.else) depth--;
    lines.push('  '.repeat(Math.max(0, depth)) + instruction(opcode, reader));
    if (opcode === Wasm.block || opcode === Wasm.loop || opcode === Wasm.if || opcode === Wasm.else) depth++;
  }
  return lines;
}

function instruction(opcode: number, reader: Reader): string {
  if (opcode === SIMD_PREFIX) return vectorInstruction(reader);
  if (opcode === SATURATING_PREFIX) return CONVERSIONS.get(reader.unsigned())!;
  if (opcode === ATOMIC_PREFIX) return ATOMIC.get(reader.unsigned()) + memory(reader);
  const name = PLAIN.get(opcode) ?? `op ${opcode.toString(16)}`;
  switch (opcode) {
    case Wasm.localGet:
      return local(reader.unsigned());
    case Wasm.localSet:
      return `→ ${local(reader.unsigned())}`;
    case Wasm.localTee:
      return `⇉ ${local(reader.unsigned())}`;
    case Wasm.i32Const:
    case Wasm.i64Const:
      return `${name} ${reader.signed()}`;
    case Wasm.f32Const:
      return `${name} ${reader.take(4).getFloat32(0, true)}`;
    case Wasm.f64Const:
      return `${name} ${reader.take(8).getFloat64(0, true)}`;
    case Wasm.call:
      return `call ${REGION_IMPORTS[reader.unsigned()]!.name}`;
    case Wasm.br:
    case Wasm.brIf:
      return `${name} ${reader.unsigned()}`;
    case Wasm.block:
    case Wasm.loop:
    case Wasm.if:
      reader.byte();
      return name;
  }
  if (opcode >= Wasm.i32Load && opcode <= Wasm.i64Store32) return `${name}${memory(reader)}`;
  return name;
}

function vectorInstruction(reader: Reader): string {
  const opcode = reader.unsigned();
  const name = VECTOR.get(opcode) ?? `vector ${opcode.toString(16)}`;
  if (opcode === V128_CONST) {
    const view = reader.take(16);
    return `v128 ${[12, 8, 4, 0].map((at) => view.getUint32(at, true).toString(16).padStart(8, '0')).join('_')}`;
  }
  if (opcode === SHUFFLE) return `shuffle ${Array.from({ length: 16 }, () => reader.byte()).join(' ')}`;
  if (opcode <= Simd.store || opcode === Simd.load32Zero || opcode === Simd.load64Zero)
    return `${name}${memory(reader)}`;
  if (opcode >= Simd.load8Lane && opcode <= Simd.store64Lane) return `${name}${memory(reader)} lane ${reader.byte()}`;
  if (opcode > SHUFFLE && opcode <= Simd.f64x2Replace && /Extract|Replace/.test(name))
    return `${name} ${reader.byte()}`;
  return name;
}

/** Alignment says nothing. */
function memory(reader: Reader): string {
  reader.unsigned();
  const offset = reader.unsigned();
  return offset === 0 ? '' : ` +${offset.toString(16)}`;
}

class Reader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    return this.bytes[this.at++]!;
  }

  take(length: number): DataView {
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.at, length);
    this.at += length;
    return view;
  }

  unsigned(): number {
    return Number(BigInt.asUintN(32, this.leb().value));
  }

  signed(): bigint {
    const { value, bits } = this.leb();
    return BigInt.asIntN(bits, value);
  }

  private leb(): { value: bigint; bits: number } {
    let value = 0n;
    let bits = 0;
    for (;;) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << BigInt(bits);
      bits += 7;
      if (byte < 0x80) return { value, bits };
    }
  }
}
