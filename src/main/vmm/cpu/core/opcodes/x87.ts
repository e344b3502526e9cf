import type { X87Instruction } from './opcode.js';
import { X87Op } from './x87-op.js';

type Access = X87Instruction['access'];

/** An instruction with a memory operand; loads, stores and arithmetic record the x87 pointers. */
function memory(
  encoding: string,
  mnemonic: string,
  operands: string,
  op: X87Op,
  bytes: number,
  access: Access,
): X87Instruction {
  return { encoding, mnemonic, operands, op, bytes, access, waits: true, pointers: true };
}

/** Between ST(0) and ST(i), or on ST(0) alone. */
function stack(encoding: string, mnemonic: string, operands: string, op: X87Op): X87Instruction {
  return { encoding, mnemonic, operands, op, bytes: 0, access: 'none', waits: true, pointers: true };
}

/** Control instructions leave the x87 pointers alone; `waits` is false for the FN… forms. */
function control(encoding: string, mnemonic: string, op: X87Op, waits: boolean): X87Instruction {
  return { encoding, mnemonic, operands: '', op, bytes: 0, access: 'none', waits, pointers: false };
}

function image(
  encoding: string,
  mnemonic: string,
  op: X87Op,
  access: Access,
  bytes: number,
  bytes16: number,
): X87Instruction {
  return { encoding, mnemonic, operands: 'M', op, bytes, bytes16, access, waits: access === 'load', pointers: false };
}

/**
 * x87 instructions (SDM vol. 2, tables ), aliases included. The popping and reversed forms DC/DE E0–FF name the
 * operation, which the manual's mnemonics agree with. `setsFlags` rows also read EFLAGS.
 */
// prettier-ignore
export const X87_INSTRUCTIONS: readonly X87Instruction[] = [
  // Arithmetic and compares
  memory('D8 /0', 'fadd', 'M', X87Op.FADD_M32, 4, 'load'),
  memory('DC /0', 'fadd', 'M', X87Op.FADD_M64, 8, 'load'),
  memory('DA /0', 'fiadd', 'M', X87Op.FADD_I32, 4, 'load'),
  memory('DE /0', 'fiadd', 'M', X87Op.FADD_I16, 2, 'load'),
  stack('D8 C0+i', 'fadd', 'ST(0),ST(i)', X87Op.FADD_ST0),
  memory('D8 /1', 'fmul', 'M', X87Op.FMUL_M32, 4, 'load'),
  memory('DC /1', 'fmul', 'M', X87Op.FMUL_M64, 8, 'load'),
  memory('DA /1', 'fimul', 'M', X87Op.FMUL_I32, 4, 'load'),
  memory('DE /1', 'fimul', 'M', X87Op.FMUL_I16, 2, 'load'),
  stack('D8 C8+i', 'fmul', 'ST(0),ST(i)', X87Op.FMUL_ST0),
  memory('D8 /2', 'fcom', 'M', X87Op.FCOM_M32, 4, 'load'),
  memory('DC /2', 'fcom', 'M', X87Op.FCOM_M64, 8, 'load'),
  memory('DA /2', 'ficom', 'M', X87Op.FCOM_I32, 4, 'load'),
  memory('DE /2', 'ficom', 'M', X87Op.FCOM_I16, 2, 'load'),
  stack('D8 D0+i', 'fcom', 'ST(0),ST(i)', X87Op.FCOM_ST0),
  memory('D8 /3', 'fcomp', 'M', X87Op.FCOMP_M32, 4, 'load'),
  memory('DC /3', 'fcomp', 'M', X87Op.FCOMP_M64, 8, 'load'),
  memory('DA /3', 'ficomp', 'M', X87Op.FCOMP_I32, 4, 'load'),
  memory('DE /3', 'ficomp', 'M', X87Op.FCOMP_I16, 2, 'load'),
  stack('D8 D8+i', 'fcomp', 'ST(0),ST(i)', X87Op.FCOMP_ST0),
  memory('D8 /4', 'fsub', 'M', X87Op.FSUB_M32, 4, 'load'),
  memory('DC /4', 'fsub', 'M', X87Op.FSUB_M64, 8, 'load'),
  memory('DA /4', 'fisub', 'M', X87Op.FSUB_I32, 4, 'load'),
  memory('DE /4', 'fisub', 'M', X87Op.FSUB_I16, 2, 'load'),
  stack('D8 E0+i', 'fsub', 'ST(0),ST(i)', X87Op.FSUB_ST0),
  memory('D8 /5', 'fsubr', 'M', X87Op.FSUBR_M32, 4, 'load'),
  memory('DC /5', 'fsubr', 'M', X87Op.FSUBR_M64, 8, 'load'),
  memory('DA /5', 'fisubr', 'M', X87Op.FSUBR_I32, 4, 'load'),
  memory('DE /5', 'fisubr', 'M', X87Op.FSUBR_I16, 2, 'load'),
  stack('D8 E8+i', 'fsubr', 'ST(0),ST(i)', X87Op.FSUBR_ST0),
  memory('D8 /6', 'fdiv', 'M', X87Op.FDIV_M32, 4, 'load'),
  memory('DC /6', 'fdiv', 'M', X87Op.FDIV_M64, 8, 'load'),
  memory('DA /6', 'fidiv', 'M', X87Op.FDIV_I32, 4, 'load'),
  memory('DE /6', 'fidiv', 'M', X87Op.FDIV_I16, 2, 'load'),
  stack('D8 F0+i', 'fdiv', 'ST(0),ST(i)', X87Op.FDIV_ST0),
  memory('D8 /7', 'fdivr', 'M', X87Op.FDIVR_M32, 4, 'load'),
  memory('DC /7', 'fdivr', 'M', X87Op.FDIVR_M64, 8, 'load'),
  memory('DA /7', 'fidivr', 'M', X87Op.FDIVR_I32, 4, 'load'),
  memory('DE /7', 'fidivr', 'M', X87Op.FDIVR_I16, 2, 'load'),
  stack('D8 F8+i', 'fdivr', 'ST(0),ST(i)', X87Op.FDIVR_ST0),
  stack('DC C0+i', 'fadd', 'ST(i),ST(0)', X87Op.FADD_STI),
  stack('DE C0+i', 'faddp', 'ST(i),ST(0)', X87Op.FADD_STIP),
  stack('DC C8+i', 'fmul', 'ST(i),ST(0)', X87Op.FMUL_STI),
  stack('DE C8+i', 'fmulp', 'ST(i),ST(0)', X87Op.FMUL_STIP),
  stack('DC E0+i', 'fsubr', 'ST(i),ST(0)', X87Op.FSUBR_STI),
  stack('DE E0+i', 'fsubrp', 'ST(i),ST(0)', X87Op.FSUBR_STIP),
  stack('DC E8+i', 'fsub', 'ST(i),ST(0)', X87Op.FSUB_STI),
  stack('DE E8+i', 'fsubp', 'ST(i),ST(0)', X87Op.FSUB_STIP),
  stack('DC F0+i', 'fdivr', 'ST(i),ST(0)', X87Op.FDIVR_STI),
  stack('DE F0+i', 'fdivrp', 'ST(i),ST(0)', X87Op.FDIVR_STIP),
  stack('DC F8+i', 'fdiv', 'ST(i),ST(0)', X87Op.FDIV_STI),
  stack('DE F8+i', 'fdivp', 'ST(i),ST(0)', X87Op.FDIV_STIP),
  stack('DC D0+i', 'fcom', 'ST(0),ST(i)', X87Op.FCOM_ST0),
  stack('DC D8+i', 'fcomp', 'ST(0),ST(i)', X87Op.FCOMP_ST0),
  stack('DE D0+i', 'fcomp', 'ST(0),ST(i)', X87Op.FCOMP_ST0),
  stack('DE D9', 'fcompp', '', X87Op.FCOMPP),
  stack('DD E0+i', 'fucom', 'ST(0),ST(i)', X87Op.FUCOM),
  stack('DD E8+i', 'fucomp', 'ST(0),ST(i)', X87Op.FUCOMP),
  stack('DA E9', 'fucompp', '', X87Op.FUCOMPP),
  { ...stack('DB E8+i', 'fucomi', 'ST(0),ST(i)', X87Op.FUCOMI), setsFlags: true },
  { ...stack('DB F0+i', 'fcomi', 'ST(0),ST(i)', X87Op.FCOMI), setsFlags: true },
  { ...stack('DF E8+i', 'fucomip', 'ST(0),ST(i)', X87Op.FUCOMIP), setsFlags: true },
  { ...stack('DF F0+i', 'fcomip', 'ST(0),ST(i)', X87Op.FCOMIP), setsFlags: true },
  stack('D9 E4', 'ftst', '', X87Op.FTST),
  stack('D9 E5', 'fxam', '', X87Op.FXAM),

  // Loads and stores
  memory('D9 /0', 'fld', 'M', X87Op.FLD_M32, 4, 'load'),
  memory('DD /0', 'fld', 'M', X87Op.FLD_M64, 8, 'load'),
  memory('DB /5', 'fld', 'M', X87Op.FLD_M80, 10, 'load'),
  memory('D9 /2', 'fst', 'M', X87Op.FST_M32, 4, 'store'),
  memory('DD /2', 'fst', 'M', X87Op.FST_M64, 8, 'store'),
  memory('D9 /3', 'fstp', 'M', X87Op.FSTP_M32, 4, 'store'),
  memory('DD /3', 'fstp', 'M', X87Op.FSTP_M64, 8, 'store'),
  memory('DB /7', 'fstp', 'M', X87Op.FSTP_M80, 10, 'store'),
  memory('DF /0', 'fild', 'M', X87Op.FILD_I16, 2, 'load'),
  memory('DB /0', 'fild', 'M', X87Op.FILD_I32, 4, 'load'),
  memory('DF /5', 'fild', 'M', X87Op.FILD_I64, 8, 'load'),
  memory('DF /2', 'fist', 'M', X87Op.FIST_I16, 2, 'store'),
  memory('DB /2', 'fist', 'M', X87Op.FIST_I32, 4, 'store'),
  memory('DF /3', 'fistp', 'M', X87Op.FISTP_I16, 2, 'store'),
  memory('DB /3', 'fistp', 'M', X87Op.FISTP_I32, 4, 'store'),
  memory('DF /7', 'fistp', 'M', X87Op.FISTP_I64, 8, 'store'),
  memory('DF /1', 'fisttp', 'M', X87Op.FISTTP_I16, 2, 'store'),
  memory('DB /1', 'fisttp', 'M', X87Op.FISTTP_I32, 4, 'store'),
  memory('DD /1', 'fisttp', 'M', X87Op.FISTTP_I64, 8, 'store'),
  memory('DF /4', 'fbld', 'M', X87Op.FBLD, 10, 'load'),
  memory('DF /6', 'fbstp', 'M', X87Op.FBSTP, 10, 'store'),
  stack('D9 C0+i', 'fld', 'ST(i)', X87Op.FLD_STI),
  stack('DD D0+i', 'fst', 'ST(i)', X87Op.FST_STI),
  stack('DD D8+i', 'fstp', 'ST(i)', X87Op.FSTP_STI),
  stack('D9 D8+i', 'fstpnce', 'ST(i)', X87Op.FSTPNCE),
  stack('DF D0+i', 'fstp', 'ST(i)', X87Op.FSTP_STI),
  stack('DF D8+i', 'fstp', 'ST(i)', X87Op.FSTP_STI),
  stack('D9 C8+i', 'fxch', 'ST(i)', X87Op.FXCH),
  stack('DD C8+i', 'fxch', 'ST(i)', X87Op.FXCH),
  stack('DF C8+i', 'fxch', 'ST(i)', X87Op.FXCH),
  { ...stack('DA C0+i', 'fcmovb', 'ST(0),ST(i)', X87Op.FCMOVB), setsFlags: true },
  { ...stack('DA C8+i', 'fcmove', 'ST(0),ST(i)', X87Op.FCMOVE), setsFlags: true },
  { ...stack('DA D0+i', 'fcmovbe', 'ST(0),ST(i)', X87Op.FCMOVBE), setsFlags: true },
  { ...stack('DA D8+i', 'fcmovu', 'ST(0),ST(i)', X87Op.FCMOVU), setsFlags: true },
  { ...stack('DB C0+i', 'fcmovnb', 'ST(0),ST(i)', X87Op.FCMOVNB), setsFlags: true },
  { ...stack('DB C8+i', 'fcmovne', 'ST(0),ST(i)', X87Op.FCMOVNE), setsFlags: true },
  { ...stack('DB D0+i', 'fcmovnbe', 'ST(0),ST(i)', X87Op.FCMOVNBE), setsFlags: true },
  { ...stack('DB D8+i', 'fcmovnu', 'ST(0),ST(i)', X87Op.FCMOVNU), setsFlags: true },

  // Constants
  stack('D9 E8', 'fld1', '', X87Op.FLD1),
  stack('D9 E9', 'fldl2t', '', X87Op.FLDL2T),
  stack('D9 EA', 'fldl2e', '', X87Op.FLDL2E),
  stack('D9 EB', 'fldpi', '', X87Op.FLDPI),
  stack('D9 EC', 'fldlg2', '', X87Op.FLDLG2),
  stack('D9 ED', 'fldln2', '', X87Op.FLDLN2),
  stack('D9 EE', 'fldz', '', X87Op.FLDZ),

  // Operations on ST(0)
  stack('D9 E0', 'fchs', '', X87Op.FCHS),
  stack('D9 E1', 'fabs', '', X87Op.FABS),
  stack('D9 F4', 'fxtract', '', X87Op.FXTRACT),
  stack('D9 F5', 'fprem1', '', X87Op.FPREM1),
  stack('D9 F8', 'fprem', '', X87Op.FPREM),
  stack('D9 FA', 'fsqrt', '', X87Op.FSQRT),
  stack('D9 FC', 'frndint', '', X87Op.FRNDINT),
  stack('D9 FD', 'fscale', '', X87Op.FSCALE),

  // Transcendental functions
  stack('D9 F0', 'f2xm1', '', X87Op.F2XM1),
  stack('D9 F1', 'fyl2x', '', X87Op.FYL2X),
  stack('D9 F2', 'fptan', '', X87Op.FPTAN),
  stack('D9 F3', 'fpatan', '', X87Op.FPATAN),
  stack('D9 F9', 'fyl2xp1', '', X87Op.FYL2XP1),
  stack('D9 FB', 'fsincos', '', X87Op.FSINCOS),
  stack('D9 FE', 'fsin', '', X87Op.FSIN),
  stack('D9 FF', 'fcos', '', X87Op.FCOS),

  // Control
  control('DB E3', 'fninit', X87Op.FNINIT, false),
  control('DB E2', 'fnclex', X87Op.FNCLEX, false),
  control('DB E0', 'fneni', X87Op.FNOP, false),
  control('DB E1', 'fndisi', X87Op.FNOP, false),
  control('DB E4', 'fnsetpm', X87Op.FNOP, false),
  stack('D9 D0', 'fnop', '', X87Op.FNOP),
  stack('D9 F6', 'fdecstp', '', X87Op.FDECSTP),
  stack('D9 F7', 'fincstp', '', X87Op.FINCSTP),
  stack('DD C0+i', 'ffree', 'ST(i)', X87Op.FFREE),
  stack('DF C0+i', 'ffreep', 'ST(i)', X87Op.FFREEP),
  { ...control('DF E0', 'fnstsw', X87Op.FNSTSW, false), operands: 'AX' },
  { ...memory('DD /7', 'fnstsw', 'M', X87Op.FNSTSW, 2, 'store'), waits: false, pointers: false },
  { ...memory('D9 /7', 'fnstcw', 'M', X87Op.FNSTCW, 2, 'store'), waits: false, pointers: false },
  { ...memory('D9 /5', 'fldcw', 'M', X87Op.FLDCW, 2, 'load'), pointers: false },
  image('D9 /6', 'fnstenv', X87Op.FNSTENV, 'store', 28, 14),
  image('D9 /4', 'fldenv', X87Op.FLDENV, 'load', 28, 14),
  image('DD /6', 'fnsave', X87Op.FNSAVE, 'store', 108, 94),
  image('DD /4', 'frstor', X87Op.FRSTOR, 'load', 108, 94),
];
