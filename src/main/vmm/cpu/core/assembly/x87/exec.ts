import { X87Op } from '../../opcodes/x87-op';
import { FLAG_CF, FLAG_PF, FLAG_ZF, simdFlags } from '../simd/results';
import {
  ADD, DIVIDE, DIVIDE_REVERSED, MULTIPLY, SUBTRACT, SUBTRACT_REVERSED, arithmetic32, arithmetic64, arithmeticInteger, arithmeticPop,
  arithmeticStack, squareRoot,
} from './arithmetic'; // prettier-ignore
import { arctangent } from './arctangent';
import { loadDecimal, storeDecimal } from './bcd';
import { compare32, compare64, compareInteger, compareIntoFlags, compareStack, examine, popIf, popTwiceIf, test } from './compare';
import { loadLnOf2, loadLog10Of2, loadLog2Of10, loadLog2OfE, loadOne, loadPi, loadZero } from './constants';
import { clearExceptions, decrementTop, free, freeAndPop, incrementTop, initialize, loadControl, storeControl, storeStatus } from './control';
import { loadEnvironment, restoreState, saveState, storeEnvironment } from './environment';
import { exponential } from './exponential';
import { loadInteger, roundToInteger, storeIntegerRounded, storeIntegerTruncated } from './integers';
import {
  absolute, changeSign, exchange, load32, load64, load80, loadStack, moveIf, popAfter, store32, store64, store80, storeStack, storeUncheckedAndPop,
} from './load-store'; // prettier-ignore
import { logarithm, logarithmPlusOne } from './logarithm';
import { partialRemainder } from './remainder';
import { extract, scale } from './scale';
import { cosine, sine, sineAndCosine, tangent } from './trigonometry';

/**
 * Executes one x87 instruction. `i` is the i of ST(i), or for environment images their format (bit 0: 16-bit operand
 * size, bit 1: protected mode); `memory` is scratch holding the operand, or to be stored. FCMOVcc reads, and FCOMI and
 * kin write, the arithmetic flags in `simdFlags`, which must be EFLAGS' before.
 * @returns whether the memory operand must be stored: not after an unmasked exception
 */
// prettier-ignore
export function execX87(op: u32, i: u32, memory: usize): bool {
  switch (op) {
    case X87Op.FADD_M32: arithmetic32(ADD, memory); break;
    case X87Op.FMUL_M32: arithmetic32(MULTIPLY, memory); break;
    case X87Op.FCOM_M32: compare32(memory); break;
    case X87Op.FCOMP_M32: popIf(compare32(memory)); break;
    case X87Op.FSUB_M32: arithmetic32(SUBTRACT, memory); break;
    case X87Op.FSUBR_M32: arithmetic32(SUBTRACT_REVERSED, memory); break;
    case X87Op.FDIV_M32: arithmetic32(DIVIDE, memory); break;
    case X87Op.FDIVR_M32: arithmetic32(DIVIDE_REVERSED, memory); break;
    case X87Op.FADD_M64: arithmetic64(ADD, memory); break;
    case X87Op.FMUL_M64: arithmetic64(MULTIPLY, memory); break;
    case X87Op.FCOM_M64: compare64(memory); break;
    case X87Op.FCOMP_M64: popIf(compare64(memory)); break;
    case X87Op.FSUB_M64: arithmetic64(SUBTRACT, memory); break;
    case X87Op.FSUBR_M64: arithmetic64(SUBTRACT_REVERSED, memory); break;
    case X87Op.FDIV_M64: arithmetic64(DIVIDE, memory); break;
    case X87Op.FDIVR_M64: arithmetic64(DIVIDE_REVERSED, memory); break;
    case X87Op.FADD_I32: arithmeticInteger(ADD, <i64>load<i32>(memory)); break;
    case X87Op.FMUL_I32: arithmeticInteger(MULTIPLY, <i64>load<i32>(memory)); break;
    case X87Op.FCOM_I32: compareInteger(<i64>load<i32>(memory)); break;
    case X87Op.FCOMP_I32: popIf(compareInteger(<i64>load<i32>(memory))); break;
    case X87Op.FSUB_I32: arithmeticInteger(SUBTRACT, <i64>load<i32>(memory)); break;
    case X87Op.FSUBR_I32: arithmeticInteger(SUBTRACT_REVERSED, <i64>load<i32>(memory)); break;
    case X87Op.FDIV_I32: arithmeticInteger(DIVIDE, <i64>load<i32>(memory)); break;
    case X87Op.FDIVR_I32: arithmeticInteger(DIVIDE_REVERSED, <i64>load<i32>(memory)); break;
    case X87Op.FADD_I16: arithmeticInteger(ADD, <i64>load<i16>(memory)); break;
    case X87Op.FMUL_I16: arithmeticInteger(MULTIPLY, <i64>load<i16>(memory)); break;
    case X87Op.FCOM_I16: compareInteger(<i64>load<i16>(memory)); break;
    case X87Op.FCOMP_I16: popIf(compareInteger(<i64>load<i16>(memory))); break;
    case X87Op.FSUB_I16: arithmeticInteger(SUBTRACT, <i64>load<i16>(memory)); break;
    case X87Op.FSUBR_I16: arithmeticInteger(SUBTRACT_REVERSED, <i64>load<i16>(memory)); break;
    case X87Op.FDIV_I16: arithmeticInteger(DIVIDE, <i64>load<i16>(memory)); break;
    case X87Op.FDIVR_I16: arithmeticInteger(DIVIDE_REVERSED, <i64>load<i16>(memory)); break;
    case X87Op.FADD_ST0: arithmeticStack(ADD, 0, i); break;
    case X87Op.FMUL_ST0: arithmeticStack(MULTIPLY, 0, i); break;
    case X87Op.FCOM_ST0: compareStack(i, false); break;
    case X87Op.FCOMP_ST0: popIf(compareStack(i, false)); break;
    case X87Op.FSUB_ST0: arithmeticStack(SUBTRACT, 0, i); break;
    case X87Op.FSUBR_ST0: arithmeticStack(SUBTRACT_REVERSED, 0, i); break;
    case X87Op.FDIV_ST0: arithmeticStack(DIVIDE, 0, i); break;
    case X87Op.FDIVR_ST0: arithmeticStack(DIVIDE_REVERSED, 0, i); break;
    case X87Op.FADD_STI: arithmeticStack(ADD, i, 0); break;
    case X87Op.FMUL_STI: arithmeticStack(MULTIPLY, i, 0); break;
    case X87Op.FSUB_STI: arithmeticStack(SUBTRACT, i, 0); break;
    case X87Op.FSUBR_STI: arithmeticStack(SUBTRACT_REVERSED, i, 0); break;
    case X87Op.FDIV_STI: arithmeticStack(DIVIDE, i, 0); break;
    case X87Op.FDIVR_STI: arithmeticStack(DIVIDE_REVERSED, i, 0); break;
    case X87Op.FADD_STIP: arithmeticPop(ADD, i); break;
    case X87Op.FMUL_STIP: arithmeticPop(MULTIPLY, i); break;
    case X87Op.FSUB_STIP: arithmeticPop(SUBTRACT, i); break;
    case X87Op.FSUBR_STIP: arithmeticPop(SUBTRACT_REVERSED, i); break;
    case X87Op.FDIV_STIP: arithmeticPop(DIVIDE, i); break;
    case X87Op.FDIVR_STIP: arithmeticPop(DIVIDE_REVERSED, i); break;
    case X87Op.FLD_M32: load32(memory); break;
    case X87Op.FLD_M64: load64(memory); break;
    case X87Op.FLD_M80: load80(memory); break;
    case X87Op.FILD_I16: loadInteger(<i64>load<i16>(memory)); break;
    case X87Op.FILD_I32: loadInteger(<i64>load<i32>(memory)); break;
    case X87Op.FILD_I64: loadInteger(load<i64>(memory)); break;
    case X87Op.FBLD: loadDecimal(memory); break;
    case X87Op.FLD_STI: loadStack(i); break;
    case X87Op.FST_M32: return store32(memory);
    case X87Op.FSTP_M32: return popAfter(store32(memory));
    case X87Op.FST_M64: return store64(memory);
    case X87Op.FSTP_M64: return popAfter(store64(memory));
    case X87Op.FSTP_M80: return popAfter(store80(memory));
    case X87Op.FST_STI: storeStack(i); break;
    case X87Op.FSTP_STI: popAfter(storeStack(i)); break;
    case X87Op.FSTPNCE: storeUncheckedAndPop(i); break;
    case X87Op.FIST_I16: return storeIntegerRounded(memory, 16);
    case X87Op.FISTP_I16: return popAfter(storeIntegerRounded(memory, 16));
    case X87Op.FIST_I32: return storeIntegerRounded(memory, 32);
    case X87Op.FISTP_I32: return popAfter(storeIntegerRounded(memory, 32));
    case X87Op.FISTP_I64: return popAfter(storeIntegerRounded(memory, 64));
    case X87Op.FISTTP_I16: return popAfter(storeIntegerTruncated(memory, 16));
    case X87Op.FISTTP_I32: return popAfter(storeIntegerTruncated(memory, 32));
    case X87Op.FISTTP_I64: return popAfter(storeIntegerTruncated(memory, 64));
    case X87Op.FBSTP: return popAfter(storeDecimal(memory));
    case X87Op.FXCH: exchange(i); break;
    case X87Op.FCMOVB: moveIf((simdFlags & FLAG_CF) != 0, i); break;
    case X87Op.FCMOVNB: moveIf((simdFlags & FLAG_CF) == 0, i); break;
    case X87Op.FCMOVE: moveIf((simdFlags & FLAG_ZF) != 0, i); break;
    case X87Op.FCMOVNE: moveIf((simdFlags & FLAG_ZF) == 0, i); break;
    case X87Op.FCMOVBE: moveIf((simdFlags & (FLAG_CF | FLAG_ZF)) != 0, i); break;
    case X87Op.FCMOVNBE: moveIf((simdFlags & (FLAG_CF | FLAG_ZF)) == 0, i); break;
    case X87Op.FCMOVU: moveIf((simdFlags & FLAG_PF) != 0, i); break;
    case X87Op.FCMOVNU: moveIf((simdFlags & FLAG_PF) == 0, i); break;
    case X87Op.FLD1: loadOne(); break;
    case X87Op.FLDL2T: loadLog2Of10(); break;
    case X87Op.FLDL2E: loadLog2OfE(); break;
    case X87Op.FLDPI: loadPi(); break;
    case X87Op.FLDLG2: loadLog10Of2(); break;
    case X87Op.FLDLN2: loadLnOf2(); break;
    case X87Op.FLDZ: loadZero(); break;
    case X87Op.FCOMPP: popTwiceIf(compareStack(1, false)); break;
    case X87Op.FUCOM: compareStack(i, true); break;
    case X87Op.FUCOMP: popIf(compareStack(i, true)); break;
    case X87Op.FUCOMPP: popTwiceIf(compareStack(1, true)); break;
    case X87Op.FCOMI: compareIntoFlags(i, false); break;
    case X87Op.FCOMIP: popIf(compareIntoFlags(i, false)); break;
    case X87Op.FUCOMI: compareIntoFlags(i, true); break;
    case X87Op.FUCOMIP: popIf(compareIntoFlags(i, true)); break;
    case X87Op.FTST: test(); break;
    case X87Op.FXAM: examine(); break;
    case X87Op.FCHS: changeSign(); break;
    case X87Op.FABS: absolute(); break;
    case X87Op.FSQRT: squareRoot(); break;
    case X87Op.FRNDINT: roundToInteger(); break;
    case X87Op.FSCALE: scale(); break;
    case X87Op.FXTRACT: extract(); break;
    case X87Op.FPREM: partialRemainder(false); break;
    case X87Op.FPREM1: partialRemainder(true); break;
    case X87Op.F2XM1: exponential(); break;
    case X87Op.FYL2X: logarithm(); break;
    case X87Op.FYL2XP1: logarithmPlusOne(); break;
    case X87Op.FPTAN: tangent(); break;
    case X87Op.FPATAN: arctangent(); break;
    case X87Op.FSIN: sine(); break;
    case X87Op.FCOS: cosine(); break;
    case X87Op.FSINCOS: sineAndCosine(); break;
    case X87Op.FNINIT: initialize(); break;
    case X87Op.FNCLEX: clearExceptions(); break;
    case X87Op.FNSTCW: storeControl(memory); break;
    case X87Op.FLDCW: loadControl(<u32>load<u16>(memory)); break;
    case X87Op.FNSTSW: storeStatus(memory); break;
    case X87Op.FNSTENV: storeEnvironment(memory, i); break;
    case X87Op.FLDENV: loadEnvironment(memory, i); break;
    case X87Op.FNSAVE: saveState(memory, i); break;
    case X87Op.FRSTOR: restoreState(memory, i); break;
    case X87Op.FINCSTP: incrementTop(); break;
    case X87Op.FDECSTP: decrementTop(); break;
    case X87Op.FFREE: free(i); break;
    case X87Op.FFREEP: freeAndPop(i); break;
    case X87Op.FNOP: break;
    default: unreachable();
  }
  return true;
}
