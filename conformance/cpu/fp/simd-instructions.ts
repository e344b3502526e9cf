import { SimdOp } from '../../../src/main/vmm/cpu/core/opcodes/simd-op.js';

/**
 * Where operands and result are: `x` = XMM, `m` = MMX, `r` = general register, `i` = immediate. The first letter is the
 * destination. `xi`/`mi` are the shift groups, whose ModR/M byte is part of `code`.
 */
export type SimdForm =
  'xx' | 'xxi' | 'xi' | 'xr' | 'xri' | 'rx' | 'rxi' | 'r<xi' | 'mm' | 'mmi' | 'mi' | 'mri' | 'rm' | 'rmi' | 'xm' | 'mx';

export type OperandKind = 'int' | 'f32' | 'f64' | 'text';

export interface SimdInstruction {
  readonly op: SimdOp;
  readonly form: SimdForm;
  /** Encoding in hexadecimal up to ModR/M (for `xi` and `mi`: with it). */
  readonly code: string;
  readonly operands: OperandKind;
}

/** `"66 0ffc PADDB 0ffd PADDW"`: a mandatory prefix (`-` for none), then opcode and operation in turn. */
function list(form: SimdForm, operands: OperandKind, text: string): SimdInstruction[] {
  const [prefix, ...words] = text.trim().split(/\s+/);
  const result: SimdInstruction[] = [];
  for (let i = 0; i < words.length; i += 2) {
    const op = SimdOp[words[i + 1] as keyof typeof SimdOp];
    if (op === undefined) throw new Error(`no operation ${words[i + 1]}`);
    result.push({ op, form, operands, code: (prefix === '-' ? '' : prefix!) + words[i]! });
  }
  return result;
}

/** Integer operations whose MMX and XMM encodings differ only in the 66 prefix. */
const BOTH = `0f60 PUNPCKLBW 0f61 PUNPCKLWD 0f62 PUNPCKLDQ 0f63 PACKSSWB 0f64 PCMPGTB 0f65 PCMPGTW 0f66 PCMPGTD
  0f67 PACKUSWB 0f68 PUNPCKHBW 0f69 PUNPCKHWD 0f6a PUNPCKHDQ 0f6b PACKSSDW 0f74 PCMPEQB 0f75 PCMPEQW 0f76 PCMPEQD
  0fd1 PSRLW 0fd2 PSRLD 0fd3 PSRLQ 0fd4 PADDQ 0fd5 PMULLW 0fd8 PSUBUSB 0fd9 PSUBUSW 0fda PMINUB 0fdb PAND 0fdc PADDUSB
  0fdd PADDUSW 0fde PMAXUB 0fdf PANDN 0fe0 PAVGB 0fe1 PSRAW 0fe2 PSRAD 0fe3 PAVGW 0fe4 PMULHUW 0fe5 PMULHW 0fe8 PSUBSB
  0fe9 PSUBSW 0fea PMINSW 0feb POR 0fec PADDSB 0fed PADDSW 0fee PMAXSW 0fef PXOR 0ff1 PSLLW 0ff2 PSLLD 0ff3 PSLLQ
  0ff4 PMULUDQ 0ff5 PMADDWD 0ff6 PSADBW 0ff8 PSUBB 0ff9 PSUBW 0ffa PSUBD 0ffb PSUBQ 0ffc PADDB 0ffd PADDW 0ffe PADDD
  0f3800 PSHUFB 0f3801 PHADDW 0f3802 PHADDD 0f3803 PHADDSW 0f3804 PMADDUBSW 0f3805 PHSUBW 0f3806 PHSUBD 0f3807 PHSUBSW
  0f3808 PSIGNB 0f3809 PSIGNW 0f380a PSIGND 0f380b PMULHRSW 0f381c PABSB 0f381d PABSW 0f381e PABSD`;

const SHIFTS = `0f71d1 PSRLWI 0f71e1 PSRAWI 0f71f1 PSLLWI 0f72d1 PSRLDI 0f72e1 PSRADI 0f72f1 PSLLDI 0f73d1 PSRLQI 0f73f1 PSLLQI`;

export const SIMD_INTEGER: readonly SimdInstruction[] = [
  ...list('xx', 'int', `66 ${BOTH}`),
  ...list('mm', 'int', `- ${BOTH}`),
  ...list('xi', 'int', `66 ${SHIFTS} 0f73d9 PSRLDQ 0f73f9 PSLLDQ`),
  ...list('mi', 'int', `- ${SHIFTS}`),
  ...list('xx', 'int', '66 0f6c PUNPCKLQDQ 0f6d PUNPCKHQDQ 0f6f MOV128'),
  ...list(
    'xx',
    'int',
    '- 0f28 MOV128 0f12 MOVHLPS 0f16 MOVLHPS 0f54 PAND 0f55 PANDN 0f56 POR 0f57 PXOR 0f14 PUNPCKLDQ',
  ),
  ...list('xx', 'int', 'f3 0f10 MERGE32 0f7e MOVQ 0f12 MOVSLDUP 0f16 MOVSHDUP'),
  ...list('xx', 'int', 'f2 0f10 MERGE64 0f12 MOVDDUP'),
  ...list(
    'xx',
    'int',
    `66 0f3810 PBLENDVB 0f3814 BLENDVPS 0f3815 BLENDVPD 0f3817 PTEST 0f3820 PMOVSXBW 0f3821 PMOVSXBD 0f3822 PMOVSXBQ
     0f3823 PMOVSXWD 0f3824 PMOVSXWQ 0f3825 PMOVSXDQ 0f3828 PMULDQ 0f3829 PCMPEQQ 0f382b PACKUSDW 0f3830 PMOVZXBW
     0f3831 PMOVZXBD 0f3832 PMOVZXBQ 0f3833 PMOVZXWD 0f3834 PMOVZXWQ 0f3835 PMOVZXDQ 0f3837 PCMPGTQ 0f3838 PMINSB
     0f3839 PMINSD 0f383a PMINUW 0f383b PMINUD 0f383c PMAXSB 0f383d PMAXSD 0f383e PMAXUW 0f383f PMAXUD 0f3840 PMULLD
     0f3841 PHMINPOSUW`,
  ),
  ...list('xxi', 'int', '66 0f70 PSHUFD 0fc6 SHUFPD 0f3a0c BLENDPS 0f3a0d BLENDPD 0f3a0e PBLENDW 0f3a0f PALIGNR'),
  ...list('xxi', 'int', '66 0f3a21 INSERTPS 0f3a42 MPSADBW'),
  ...list('xxi', 'int', 'f3 0f70 PSHUFHW'),
  ...list('xxi', 'int', 'f2 0f70 PSHUFLW'),
  ...list('xxi', 'int', '- 0fc6 SHUFPS'),
  ...list('mmi', 'int', '- 0f70 PSHUFW 0f3a0f PALIGNR'),
  ...list('xri', 'int', '66 0f3a20 PINSRB 0fc4 PINSRW 0f3a22 PINSRD'),
  ...list('xri', 'int', '- 66480f3a22 PINSRQ'),
  ...list('mri', 'int', '- 0fc4 PINSRW'),
  ...list('rx', 'int', '- 0f50 MOVMSKPS 660f50 MOVMSKPD 660fd7 PMOVMSKB'),
  ...list('rm', 'int', '- 0fd7 PMOVMSKB'),
  ...list('rxi', 'int', '66 0fc5 PEXTRW'),
  ...list('rmi', 'int', '- 0fc5 PEXTRW'),
  ...list('r<xi', 'int', '66 0f3a14 PEXTRB 0f3a15 PEXTRW 0f3a16 PEXTRD 0f3a17 PEXTRD'),
  ...list('r<xi', 'int', '- 66480f3a16 PEXTRQ'),
];

/** 58 ADD and its neighbours: packed and scalar, single and double. */
function arithmetic(text: string): SimdInstruction[] {
  const words = text.trim().split(/\s+/);
  const result: SimdInstruction[] = [];
  for (let i = 0; i < words.length; i += 2) {
    const [code, name] = [words[i]!, words[i + 1]!];
    result.push(
      ...list('xx', 'f32', `- 0f${code} ${name}PS f30f${code} ${name}SS`),
      ...list('xx', 'f64', `- 660f${code} ${name}PD f20f${code} ${name}SD`),
    );
  }
  return result;
}

export const SIMD_FLOAT: readonly SimdInstruction[] = [
  ...arithmetic('51 SQRT 58 ADD 59 MUL 5c SUB 5d MIN 5e DIV 5f MAX'),
  ...list('xx', 'f32', '- 0f52 RSQRTPS f30f52 RSQRTSS 0f53 RCPPS f30f53 RCPSS'),
  ...list('xx', 'f32', 'f2 0f7c HADDPS 0f7d HSUBPS 0fd0 ADDSUBPS'),
  ...list('xx', 'f64', '66 0f7c HADDPD 0f7d HSUBPD 0fd0 ADDSUBPD'),
  ...list('xxi', 'f32', '- 0fc2 CMPPS f30fc2 CMPSS 660f3a08 ROUNDPS 660f3a0a ROUNDSS 660f3a40 DPPS'),
  ...list('xxi', 'f64', '- 660fc2 CMPPD f20fc2 CMPSD 660f3a09 ROUNDPD 660f3a0b ROUNDSD 660f3a41 DPPD'),
  ...list('xx', 'f32', '- 0f2f COMISS 0f2e UCOMISS'),
  ...list('xx', 'f64', '66 0f2f COMISD 0f2e UCOMISD'),
  ...list('xx', 'f32', '- 0f5a CVTPS2PD f30f5a CVTSS2SD 660f5b CVTPS2DQ f30f5b CVTTPS2DQ'),
  ...list('xx', 'f64', '- 660f5a CVTPD2PS f20f5a CVTSD2SS f20fe6 CVTPD2DQ 660fe6 CVTTPD2DQ'),
  ...list('xx', 'int', '- 0f5b CVTDQ2PS f30fe6 CVTDQ2PD'),
  ...list('xr', 'int', '- f30f2a CVTSI322SS f3480f2a CVTSI642SS f20f2a CVTSI322SD f2480f2a CVTSI642SD'),
  ...list('rx', 'f32', '- f30f2d CVTSS2SI32 f3480f2d CVTSS2SI64 f30f2c CVTTSS2SI32 f3480f2c CVTTSS2SI64'),
  ...list('rx', 'f64', '- f20f2d CVTSD2SI32 f2480f2d CVTSD2SI64 f20f2c CVTTSD2SI32 f2480f2c CVTTSD2SI64'),
  ...list('xm', 'int', '- 0f2a CVTPI2PS 660f2a CVTDQ2PD'),
  ...list('mx', 'f32', '- 0f2d CVTPS2PI 0f2c CVTTPS2PI'),
  ...list('mx', 'f64', '- 660f2d CVTPD2DQ 660f2c CVTTPD2DQ'),
];

export const SIMD_TEXT: readonly SimdInstruction[] = [
  ...list('xxi', 'text', '66 0f3a60 PCMPESTRM 0f3a61 PCMPESTRI 0f3a62 PCMPISTRM 0f3a63 PCMPISTRI'),
  ...list('xxi', 'text', '- 66480f3a60 PCMPESTRM64 66480f3a61 PCMPESTRI64'),
];
