import { operandWidth } from '../code/operands.js';
import type { RegionCode } from '../code/region-code.js';
import { FLAGS_B } from '../code/region-locals.js';
import type { Decoded, OperandBytes } from '../decode/decoded.js';
import type { FlagEffect } from '../region/flag-use.js';
import { Wasm } from '../wasm/wasm-op.js';
import { pushSigned } from './arithmetic.js';
import type { Lowering, Lowerings } from './lowering.js';

/** Flags as the core's alu.ts leaves them: CF in bit 31 of the word of carries, CF ^ OF in bit 30. */
const CF = 31;
const CF_XOR_OF = 30;
const BOTH = (1 << CF) | (1 << CF_XOR_OF);

type ShiftKind = 'shl' | 'shr' | 'sar';
type RotateKind = 'rol' | 'ror';

const countMask = (bytes: OperandBytes): number => (bytes === 8 ? 63 : 31);

/** The count, if it is part of the instruction. */
function constantCount({ operands, immediate }: Decoded, bytes: OperandBytes): number | undefined {
  const last = operands.at(-1);
  if (last === '1') return 1;
  return last === 'Ib' ? immediate & countMask(bytes) : undefined;
}

function effect(instruction: Decoded): FlagEffect {
  const count = constantCount(instruction, operandWidth(instruction, 0));
  if (count === undefined) return 'merges';
  return count === 0 ? 'keeps' : 'sets';
}

/** Leaves the masked count in a temporary (i32). */
function countLocal(to: RegionCode, instruction: Decoded, bytes: OperandBytes): number {
  const count = constantCount(instruction, bytes);
  if (count !== undefined) to.code.i32(count);
  else {
    to.registers.push({ register: 1, high: false }, 1);
    to.code.i32(countMask(bytes)).op(Wasm.i32And);
  }
  return to.save(4);
}

function pushCount(to: RegionCode, bytes: OperandBytes, count: number): void {
  to.code.get(count);
  if (bytes === 8) to.code.op(Wasm.i64ExtendI32U);
}

function shift(kind: ShiftKind): Lowering {
  return {
    flags: effect,
    emit(to, instruction) {
      const bytes = operandWidth(instruction, 0);
      const variable = constantCount(instruction, bytes) === undefined;
      const place = to.operands.place(instruction, 0);
      to.operands.pushPlace(place, bytes);
      if (kind === 'sar' && bytes < 4) to.code.op(bytes === 1 ? Wasm.i32Extend8S : Wasm.i32Extend16S);
      const value = to.save(bytes);
      const count = countLocal(to, instruction, bytes);
      to.code.get(value);
      pushCount(to, bytes, count);
      if (kind === 'shl') to.op(bytes, Wasm.i64Shl, Wasm.i32Shl);
      else if (kind === 'shr') to.op(bytes, Wasm.i64ShrU, Wasm.i32ShrU);
      else to.op(bytes, Wasm.i64ShrS, Wasm.i32ShrS);
      to.narrow(bytes);
      const result = to.save(bytes);
      to.operands.store(place, bytes, result);
      if (!to.flagsMatter || effect(instruction) === 'keeps') return;
      if (variable) {
        to.flags.settle();
        to.code.get(count).open(Wasm.if);
      }
      pushSigned(to, bytes, result);
      pushShiftCarries(to, kind, bytes, value, count, result);
      to.flags.takeSettled();
      if (variable) to.code.end();
    },
  };
}

function pushShiftCarries(
  to: RegionCode,
  kind: ShiftKind,
  bytes: OperandBytes,
  value: number,
  count: number,
  result: number,
): void {
  const { code } = to;
  const bits = bytes * 8;
  if (kind === 'shl') {
    // The last bit out, and the carry into the top bit, which is the bit itself.
    to.pushWide(value, bytes);
    if (bytes === 8) code.i64(bits).get(count).op(Wasm.i64ExtendI32U).op(Wasm.i64Sub).op(Wasm.i64ShrU);
    else code.get(count).op(Wasm.i64ExtendI32U).op(Wasm.i64Shl).i64(bits).op(Wasm.i64ShrU);
    code.op(Wasm.i32WrapI64).i32(CF).op(Wasm.i32Shl);
    pushTopBit(to, bytes, result, 0);
    code.i32(CF_XOR_OF).op(Wasm.i32Shl).op(Wasm.i32Or);
    return;
  }
  code.i32(0).get(value);
  if (bytes !== 8) code.op(kind === 'sar' ? Wasm.i64ExtendI32S : Wasm.i64ExtendI32U);
  code
    .get(count)
    .i32(1)
    .op(Wasm.i32Sub)
    .op(Wasm.i64ExtendI32U)
    .op(kind === 'sar' ? Wasm.i64ShrS : Wasm.i64ShrU);
  code.op(Wasm.i32WrapI64).i32(1).op(Wasm.i32And).op(Wasm.i32Sub).i32(BOTH).op(Wasm.i32And);
  if (kind === 'sar') return;
  // OF is the xor of the result's two top bits, the upper of which is 0.
  pushTopBit(to, bytes, result, 1);
  code.i32(CF_XOR_OF).op(Wasm.i32Shl).op(Wasm.i32Xor);
}

/** Pushes a bit of a temporary, counted from its top, as i32. */
function pushTopBit(to: RegionCode, bytes: OperandBytes, local: number, down: number): void {
  const { code } = to;
  code.get(local);
  if (bytes === 8)
    code
      .i64(63 - down)
      .op(Wasm.i64ShrU)
      .op(Wasm.i32WrapI64);
  else code.i32(bytes * 8 - 1 - down).op(Wasm.i32ShrU);
  code.i32(1).op(Wasm.i32And);
}

/** ROL and ROR of 32 and 64 bits. */
function rotate(kind: RotateKind): Lowering {
  return {
    flags: (instruction) => (constantCount(instruction, operandWidth(instruction, 0)) === 0 ? 'keeps' : 'merges'),
    accepts: (instruction) => operandWidth(instruction, 0) >= 4,
    emit(to, instruction) {
      const bytes = operandWidth(instruction, 0);
      const constant = constantCount(instruction, bytes);
      const place = to.operands.place(instruction, 0);
      to.operands.pushPlace(place, bytes);
      const count = countLocal(to, instruction, bytes);
      pushCount(to, bytes, count);
      if (kind === 'rol') to.op(bytes, Wasm.i64Rotl, Wasm.i32Rotl);
      else to.op(bytes, Wasm.i64Rotr, Wasm.i32Rotr);
      const result = to.save(bytes);
      to.operands.store(place, bytes, result);
      if (!to.flagsMatter || constant === 0) return;
      to.flags.settle();
      if (constant === undefined) to.code.get(count).open(Wasm.if);
      mergeRotateFlags(to, kind, bytes, result);
      if (constant === undefined) to.code.end();
    },
  };
}

/** CF and OF replaced in settled flags. */
function mergeRotateFlags(to: RegionCode, kind: RotateKind, bytes: OperandBytes, result: number): void {
  const { code } = to;
  if (kind === 'rol') {
    // CF is the lowest bit, and OF that xor the top one: so CF ^ OF is the top one.
    code.get(result);
    if (bytes === 8) code.op(Wasm.i32WrapI64);
    code.i32(1).op(Wasm.i32And);
  } else pushTopBit(to, bytes, result, 0);
  const carry = to.save(4);
  pushTopBit(to, bytes, result, kind === 'rol' ? 0 : 1);
  const other = to.save(4);
  mergeCarries(to, carry, other);
}

/** Puts CF and CF ^ OF (0 or 1, in temporaries) into settled flags. */
export function mergeCarries(to: RegionCode, carry: number, other: number): void {
  const { code } = to;
  code.get(FLAGS_B).i64(0x3fff_ffff).op(Wasm.i64And);
  code.get(carry).i32(CF).op(Wasm.i32Shl).get(other).i32(CF_XOR_OF).op(Wasm.i32Shl).op(Wasm.i32Or);
  code.op(Wasm.i64ExtendI32U).op(Wasm.i64Or).set(FLAGS_B);
}

/** SHLD and SHRD of 32 and 64 bits; by zero they only clear the upper half of a 32-bit register. */
function doubleShift(left: boolean): Lowering {
  return {
    flags: effect,
    accepts: ({ operandBytes }) => operandBytes >= 4,
    emit(to, instruction) {
      const bytes = instruction.operandBytes;
      const constant = constantCount(instruction, bytes);
      const place = to.operands.place(instruction, 0);
      to.operands.pushPlace(place, bytes);
      const a = to.save(bytes);
      if (constant === 0) return to.operands.store(place, bytes, a);
      to.operands.push(instruction, 1);
      const b = to.save(bytes);
      const count = countLocal(to, instruction, bytes);
      if (constant === undefined) {
        if (to.flagsMatter) to.flags.settle();
        to.code.get(count).open(Wasm.if);
      }
      const result = doubleShifted(to, left, bytes, a, b, count);
      to.operands.store(place, bytes, result);
      if (to.flagsMatter) doubleShiftFlags(to, left, bytes, a, count, result);
      if (constant !== undefined) return;
      to.code.else();
      to.operands.store(place, bytes, a);
      to.code.end();
    },
  };
}

/** Leaves `a` shifted by a count that is not zero in a temporary, bits of `b` coming in. */
function doubleShifted(
  to: RegionCode,
  left: boolean,
  bytes: OperandBytes,
  a: number,
  b: number,
  count: number,
): number {
  const { code } = to;
  const shl = (): void => to.op(bytes, Wasm.i64Shl, Wasm.i32Shl);
  const shr = (): void => to.op(bytes, Wasm.i64ShrU, Wasm.i32ShrU);
  code.get(a);
  pushCount(to, bytes, count);
  if (left) shl();
  else shr();
  code.get(b);
  to.constant(bytes, bytes * 8);
  pushCount(to, bytes, count);
  to.op(bytes, Wasm.i64Sub, Wasm.i32Sub);
  if (left) shr();
  else shl();
  to.op(bytes, Wasm.i64Or, Wasm.i32Or);
  return to.save(bytes);
}

function doubleShiftFlags(
  to: RegionCode,
  left: boolean,
  bytes: OperandBytes,
  a: number,
  count: number,
  result: number,
): void {
  const { code } = to;
  // The last bit out: bit (size - count) for SHLD, (count - 1) for SHRD.
  code.get(a);
  if (left) to.constant(bytes, bytes * 8);
  pushCount(to, bytes, count);
  if (!left) to.constant(bytes, 1);
  to.op(bytes, Wasm.i64Sub, Wasm.i32Sub);
  to.op(bytes, Wasm.i64ShrU, Wasm.i32ShrU);
  if (bytes === 8) code.op(Wasm.i32WrapI64);
  code.i32(1).op(Wasm.i32And);
  const carry = to.save(4);
  // OF: the top bit changed; for SHRD, the two top bits differ.
  pushTopBit(to, bytes, result, 0);
  pushTopBit(to, bytes, left ? a : result, left ? 0 : 1);
  code.op(Wasm.i32Xor).get(carry).op(Wasm.i32Xor);
  const other = to.save(4);
  pushSigned(to, bytes, result);
  code.get(carry).i32(CF).op(Wasm.i32Shl).get(other).i32(CF_XOR_OF).op(Wasm.i32Shl).op(Wasm.i32Or);
  to.flags.takeSettled();
}

export const SHIFTS: Lowerings = {
  shl: shift('shl'),
  shr: shift('shr'),
  sar: shift('sar'),
  rol: rotate('rol'),
  ror: rotate('ror'),
  shld: doubleShift(true),
  shrd: doubleShift(false),
};
