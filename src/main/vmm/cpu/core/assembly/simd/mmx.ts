import { SimdOp } from '../../opcodes/simd-op';
import { getFsw, setFsw, setValid, TOP_FIELD, X87_CELLS } from '../fp/state';
import { execSimd } from './dispatch';
import { phaddd64, phaddsw64, phaddw64, phsubd64, phsubsw64, phsubw64 } from './horizontal';

/** The cell of MMi: physical register Ri, whatever TOP is. */
export function mm(index: u32): usize {
  return X87_CELLS + ((<usize>index) << 4);
}

/** What every MMX instruction but EMMS does to the x87 state (SDM vol. 1, 9.5.1): TOP 0, all registers valid. */
export function enterMmx(): void {
  setFsw(getFsw() & ~TOP_FIELD);
  setValid(0xff);
}

/** EMMS: TOP 0, all registers empty (SDM vol. 3, table 13-2). */
export function emms(): void {
  setFsw(getFsw() & ~TOP_FIELD);
  setValid(0);
}

/** Both operands as one 16-byte value, dst in the low half. */
function joined(dst: usize, src: usize): v128 {
  return v128.load64_lane(src, v128.load64_zero(dst), 1);
}

function palignr64(dst: usize, src: usize, imm: u32): void {
  const bits = <u64>(imm << 3);
  const high = load<u64>(dst);
  if (imm == 0) store<u64>(dst, load<u64>(src));
  else if (imm < 8) store<u64>(dst, (load<u64>(src) >> bits) | (high << (64 - bits)));
  else store<u64>(dst, imm < 16 ? high >> (bits - 64) : 0);
}

function pshufb64(dst: usize, src: usize): void {
  const index = v128.and(v128.load64_zero(src), i8x16.splat(<i8>0x87));
  v128.store64_lane(dst, i8x16.swizzle(v128.load(dst), index), 0);
}

/** High half of the low interleave of two quadwords is what MMX calls the high interleave. */
function storeHigh(dst: usize, value: v128): void {
  v128.store64_lane(dst, value, 1);
}

function storeLow(dst: usize, value: v128): void {
  v128.store64_lane(dst, value, 0);
}

/** The operations whose 64-bit form is not the low half of the 128-bit one. */
function crossLane(op: u32, dst: usize, src: usize, imm: u32): bool {
  const z = i64x2.splat(0);
  switch (op) {
    case SimdOp.PACKSSWB:
      storeLow(dst, i8x16.narrow_i16x8_s(joined(dst, src), z));
      return true;
    case SimdOp.PACKUSWB:
      storeLow(dst, i8x16.narrow_i16x8_u(joined(dst, src), z));
      return true;
    case SimdOp.PACKSSDW:
      storeLow(dst, i16x8.narrow_i32x4_s(joined(dst, src), z));
      return true;
    case SimdOp.PUNPCKHBW:
      storeHigh(
        dst,
        i8x16.shuffle(v128.load(dst), v128.load(src), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
      );
      return true;
    case SimdOp.PUNPCKHWD:
      storeHigh(
        dst,
        i8x16.shuffle(v128.load(dst), v128.load(src), 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23),
      );
      return true;
    case SimdOp.PUNPCKHDQ:
      storeHigh(
        dst,
        i8x16.shuffle(v128.load(dst), v128.load(src), 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23),
      );
      return true;
    case SimdOp.PHADDW:
      phaddw64(dst, src);
      return true;
    case SimdOp.PHADDD:
      phaddd64(dst, src);
      return true;
    case SimdOp.PHADDSW:
      phaddsw64(dst, src);
      return true;
    case SimdOp.PHSUBW:
      phsubw64(dst, src);
      return true;
    case SimdOp.PHSUBD:
      phsubd64(dst, src);
      return true;
    case SimdOp.PHSUBSW:
      phsubsw64(dst, src);
      return true;
    case SimdOp.PSHUFB:
      pshufb64(dst, src);
      return true;
    case SimdOp.PALIGNR:
      palignr64(dst, src, imm);
      return true;
    case SimdOp.PINSRW:
      store<u16>(dst + ((imm & 3) << 1), load<u16>(src));
      return true;
    case SimdOp.PEXTRW:
      store<u64>(dst, load<u16>(src + ((imm & 3) << 1)));
      return true;
    case SimdOp.PMOVMSKB:
      store<u64>(dst, <u64>(i8x16.bitmask(v128.load(src)) & 0xff));
      return true;
    default:
      return false;
  }
}

/**
 * Executes one instruction with an MMX operand on 16-byte cells and puts the x87 state in MMX use. Lane-wise
 * operations run as their 128-bit form; whatever that leaves above bit 63 gives way to the all-ones sign and exponent
 * that a write to MMi leaves in Ri (SDM vol. 1, 9.5.2).
 * @returns false on an unmasked SIMD floating-point exception: dst and the x87 state are as before
 */
export function execMmx(op: u32, dst: usize, src: usize, imm: u32): bool {
  if (op == SimdOp.EMMS) {
    emms();
    return true;
  }
  const done = crossLane(op, dst, src, imm) || execSimd(op, dst, src, imm);
  // Even if a conversion raises an exception.
  enterMmx();
  if (!done) return false;
  if (dst >= X87_CELLS && dst < X87_CELLS + 128) store<u64>(dst, 0xffff, 8);
  return true;
}
