import { SimdOp } from '../../../core/opcodes/simd-op.js';
import { xmmReg, xmmRm } from '../../code/guest-vectors.js';
import type { RegionCode } from '../../code/region-code.js';
import { generalOperand } from '../../code/operands.js';
import type { Decoded, OperandBytes } from '../../decode/decoded.js';
import { Simd } from '../../wasm/simd-instruction.js';
import { Wasm } from '../../wasm/wasm-op.js';
import type { Lowering } from '../lowering.js';
import { memoryBytes, mustBeAligned, pushSource, saveVector, vector, type VectorLowerings } from './vector-lowering.js';

/** Whether ModR/M.rm is written. */
const stores = ({ operands }: Decoded): boolean => operands[1] === 'V';

/** Writes a part of the register ModR/M.reg to memory: the whole, the first 4 bytes, or a half. */
function storeToMemory(to: RegionCode, instruction: Decoded, half = 0): void {
  const bytes = memoryBytes(instruction);
  to.vectors.pushTarget(instruction, bytes, mustBeAligned(instruction));
  to.vectors.push(xmmReg(instruction));
  if (bytes === 16) {
    to.code.simdMemory(Simd.store, 0);
    return;
  }
  to.code.simdMemory(bytes === 8 ? Simd.store64Lane : Simd.store32Lane, 0);
  to.code.sink.byte(half);
}

/** MOVAPS and its kin: everything, with zeros above a narrower source in memory. */
const whole = vector((to, instruction) => {
  if (stores(instruction) && instruction.memory) return storeToMemory(to, instruction);
  const [target, source] = stores(instruction) ? [xmmRm, xmmReg] : [xmmReg, xmmRm];
  if (!instruction.memory) return to.vectors.copy(target(instruction), source(instruction));
  pushSource(to, instruction);
  to.vectors.take(target(instruction));
});

/** Bytes of the result: 0–15 of the target, 16–31 of the source. */
const LOW_SINGLE = [16, 17, 18, 19, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const LOW_HALF = [16, 17, 18, 19, 20, 21, 22, 23, 8, 9, 10, 11, 12, 13, 14, 15];
const HIGH_TO_LOW = [24, 25, 26, 27, 28, 29, 30, 31, 8, 9, 10, 11, 12, 13, 14, 15];
const LOW_TO_HIGH = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** A part of a register, or of memory, into another register, the rest of which stays. */
function merge(bytes: readonly number[], half = 0): Lowering {
  return vector((to, instruction) => {
    if (stores(instruction) && instruction.memory) return storeToMemory(to, instruction, half);
    const target = stores(instruction) ? xmmRm(instruction) : xmmReg(instruction);
    if (stores(instruction)) to.vectors.push(xmmReg(instruction));
    else pushSource(to, instruction);
    const source = saveVector(to);
    to.vectors.push(target);
    to.code.get(source).shuffle(bytes);
    to.vectors.take(target);
  });
}

/** MOVD and MOVQ between a general register and an XMM register have 4 or 8 bytes. */
const generalBytes = ({ rex }: Decoded): OperandBytes => (rex & 8 ? 8 : 4);

/** MOVQ, and MOVD. */
const quad = vector((to, instruction) => {
  const { operands } = instruction;
  if (operands[0] === 'Ey') return toGeneral(to, instruction);
  if (operands[1] === 'Ey') return fromGeneral(to, instruction);
  if (stores(instruction) && instruction.memory) return storeToMemory(to, instruction);
  if (stores(instruction)) to.vectors.push(xmmReg(instruction));
  else pushSource(to, instruction);
  if (!instruction.memory) to.code.v128(0xffff_ffff_ffff_ffffn, 0n).simd(Simd.and);
  to.vectors.take(stores(instruction) ? xmmRm(instruction) : xmmReg(instruction));
});

function toGeneral(to: RegionCode, instruction: Decoded): void {
  const bytes = generalBytes(instruction);
  if (instruction.memory) {
    to.vectors.pushTarget(instruction, bytes === 8 ? 8 : 4);
    to.vectors.push(xmmReg(instruction));
    to.code.simdMemory(bytes === 8 ? Simd.store64Lane : Simd.store32Lane, 0);
    to.code.sink.byte(0);
    return;
  }
  to.vectors.push(xmmReg(instruction));
  to.code.simdLane(bytes === 8 ? Simd.i64x2Extract : Simd.i32x4Extract, 0);
  to.registers.take(generalOperand(instruction, 0), bytes);
}

function fromGeneral(to: RegionCode, instruction: Decoded): void {
  const bytes = generalBytes(instruction);
  if (instruction.memory) {
    to.vectors.pushSource(instruction, bytes === 8 ? 8 : 4);
    to.code.simdMemory(bytes === 8 ? Simd.load64Zero : Simd.load32Zero, 0);
  } else {
    to.code.v128(0n);
    to.registers.push(generalOperand(instruction, 1), bytes);
    to.code.simdLane(bytes === 8 ? Simd.i64x2Replace : Simd.i32x4Replace, 0);
  }
  to.vectors.take(xmmReg(instruction));
}

/** Sign bits into a general register. */
function mask(op: number): Lowering {
  return vector((to, instruction) => {
    to.vectors.push(xmmRm(instruction));
    to.code.simd(op);
    to.registers.take(generalOperand(instruction, 0), 4);
  });
}

interface Element {
  readonly bytes: 1 | 2 | 4 | 8;
  readonly extract: number;
  readonly replace: number;
  readonly loadLane: number;
}

const BYTE: Element = { bytes: 1, extract: Simd.i8x16ExtractU, replace: Simd.i8x16Replace, loadLane: Simd.load8Lane };
const WORD: Element = { bytes: 2, extract: Simd.i16x8ExtractU, replace: Simd.i16x8Replace, loadLane: Simd.load16Lane };
const DWORD: Element = { bytes: 4, extract: Simd.i32x4Extract, replace: Simd.i32x4Replace, loadLane: Simd.load32Lane };
const QWORD: Element = { bytes: 8, extract: Simd.i64x2Extract, replace: Simd.i64x2Replace, loadLane: Simd.load64Lane };

const STORES: Readonly<Record<Element['bytes'], number>> = {
  1: Wasm.i32Store8,
  2: Wasm.i32Store16,
  4: Wasm.i32Store,
  8: Wasm.i64Store,
};

function lane({ bytes }: Element, { immediate }: Decoded): number {
  return immediate & (16 / bytes - 1);
}

/** PEXTRB … PEXTRQ, EXTRACTPS: from ModR/M.reg, or, the older PEXTRW, from ModR/M.rm to ModR/M.reg. */
function extract(element: Element): Lowering {
  return vector((to, instruction) => {
    const { code } = to;
    if (instruction.memory) {
      to.vectors.pushTarget(instruction, element.bytes);
      to.vectors.push(xmmReg(instruction));
      code.simdLane(element.extract, lane(element, instruction)).memory(STORES[element.bytes]);
      return;
    }
    to.vectors.push(instruction.operands[1] === 'U' ? xmmRm(instruction) : xmmReg(instruction));
    code.simdLane(element.extract, lane(element, instruction));
    to.registers.take(generalOperand(instruction, 0), element.bytes === 8 ? 8 : 4);
  });
}

/** PINSRB … PINSRQ. */
function insert(element: Element): Lowering {
  return vector((to, instruction) => {
    const { code } = to;
    if (instruction.memory) {
      to.vectors.pushSource(instruction, element.bytes);
      to.vectors.push(xmmReg(instruction));
      code.simdMemory(element.loadLane, 0);
      code.sink.byte(lane(element, instruction));
    } else {
      to.vectors.push(xmmReg(instruction));
      to.registers.push(generalOperand(instruction, 1), element.bytes === 8 ? 8 : 4);
      code.simdLane(element.replace, lane(element, instruction));
    }
    to.vectors.take(xmmReg(instruction));
  });
}

export const VECTOR_MOVES: VectorLowerings = new Map<SimdOp, Lowering>([
  [SimdOp.MOV128, whole],
  [SimdOp.MERGE32, merge(LOW_SINGLE)],
  [SimdOp.MERGE64, merge(LOW_HALF)],
  [SimdOp.MOVHLPS, merge(HIGH_TO_LOW, 1)],
  [SimdOp.MOVLHPS, merge(LOW_TO_HIGH)],
  [SimdOp.MOVQ, quad],
  [SimdOp.MOVMSKPS, mask(Simd.i32x4Bitmask)],
  [SimdOp.MOVMSKPD, mask(Simd.i64x2Bitmask)],
  [SimdOp.PMOVMSKB, mask(Simd.i8x16Bitmask)],
  [SimdOp.PEXTRB, extract(BYTE)],
  [SimdOp.PEXTRW, extract(WORD)],
  [SimdOp.PEXTRD, extract(DWORD)],
  [SimdOp.PEXTRQ, extract(QWORD)],
  [SimdOp.PINSRB, insert(BYTE)],
  [SimdOp.PINSRW, insert(WORD)],
  [SimdOp.PINSRD, insert(DWORD)],
  [SimdOp.PINSRQ, insert(QWORD)],
]);
