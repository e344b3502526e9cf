import { SimdOp } from '../../opcodes/simd-op';
import {
  paddb,
  paddd,
  paddq,
  paddsb,
  paddsw,
  paddusb,
  paddusw,
  paddw,
  pavgb,
  pavgw,
  psubb,
  psubd,
  psubq,
  psubsb,
  psubsw,
  psubusb,
  psubusw,
  psubw,
} from './add-sub';
import {
  blendpd,
  blendps,
  blendvpd,
  blendvps,
  insertps,
  insertpsm,
  pblendvb,
  pblendw,
  pextrb,
  pextrd,
  pextrq,
  pextrw,
  pinsrb,
  pinsrd,
  pinsrq,
  pinsrw,
} from './blend';
import {
  pcmpeqb,
  pcmpeqd,
  pcmpeqq,
  pcmpeqw,
  pcmpgtb,
  pcmpgtd,
  pcmpgtq,
  pcmpgtw,
  pmaxsb,
  pmaxsd,
  pmaxsw,
  pmaxub,
  pmaxud,
  pmaxuw,
  pminsb,
  pminsd,
  pminsw,
  pminub,
  pminud,
  pminuw,
  ptest,
} from './compare';
import {
  pmovsxbd,
  pmovsxbq,
  pmovsxbw,
  pmovsxdq,
  pmovsxwd,
  pmovsxwq,
  pmovzxbd,
  pmovzxbq,
  pmovzxbw,
  pmovzxdq,
  pmovzxwd,
  pmovzxwq,
} from './extend';
import {
  addpd,
  addps,
  addsd,
  addss,
  divpd,
  divps,
  divsd,
  divss,
  maxpd,
  maxps,
  maxsd,
  maxss,
  minpd,
  minps,
  minsd,
  minss,
  mulpd,
  mulps,
  mulsd,
  mulss,
  sqrtpd,
  sqrtps,
  sqrtsd,
  sqrtss,
  subpd,
  subps,
  subsd,
  subss,
} from './float-arithmetic';
import { cmppd, cmpps, cmpsd, cmpss, comisd, comiss, ucomisd, ucomiss } from './float-compare';
import {
  cvtdq2pd,
  cvtdq2ps,
  cvtpd2dq,
  cvtpd2ps,
  cvtpi2ps,
  cvtps2dq,
  cvtps2pd,
  cvtps2pi,
  cvtsd2si32,
  cvtsd2si64,
  cvtsd2ss,
  cvtsi322sd,
  cvtsi322ss,
  cvtsi642sd,
  cvtsi642ss,
  cvtss2sd,
  cvtss2si32,
  cvtss2si64,
  cvttpd2dq,
  cvttps2dq,
  cvttps2pi,
  cvttsd2si32,
  cvttsd2si64,
  cvttss2si32,
  cvttss2si64,
} from './float-convert';
import { addsubpd, addsubps, dppd, dpps, haddpd, haddps, hsubpd, hsubps } from './float-horizontal';
import { roundpd, roundps, roundsd, roundss } from './float-round';
import { mpsadbw, phaddd, phaddsw, phaddw, phminposuw, phsubd, phsubsw, phsubw, psadbw } from './horizontal';
import { pand, pandn, por, pxor } from './logic';
import {
  merge32,
  merge64,
  mov128,
  movddup,
  movhlps,
  movlhps,
  movmskpd,
  movmskps,
  movq,
  movshdup,
  movsldup,
  pmovmskb,
} from './move';
import { pmaddubsw, pmaddwd, pmuldq, pmulhrsw, pmulhuw, pmulhw, pmulld, pmullw, pmuludq } from './multiply';
import {
  packssdw,
  packsswb,
  packusdw,
  packuswb,
  punpckhbw,
  punpckhdq,
  punpckhqdq,
  punpckhwd,
  punpcklbw,
  punpckldq,
  punpcklqdq,
  punpcklwd,
} from './pack';
import { rcpps, rcpss, rsqrtps, rsqrtss } from './reciprocal';
import {
  pslld,
  pslldi,
  pslldq,
  psllq,
  psllqi,
  psllw,
  psllwi,
  psrad,
  psradi,
  psraw,
  psrawi,
  psrld,
  psrldi,
  psrldq,
  psrlq,
  psrlqi,
  psrlw,
  psrlwi,
} from './shift';
import { palignr, pshufb, pshufd, pshufhw, pshuflw, pshufw, shufpd, shufps } from './shuffle';
import { pabsb, pabsd, pabsw, psignb, psignd, psignw } from './sign';
import { pcmpestri, pcmpestri64, pcmpestrm, pcmpestrm64, pcmpistri, pcmpistrm } from './text';

/**
 * Executes one SSE … SSE4.2 operation on 16-byte cells: XMM or MMX registers, or scratch holding a memory or general
 * register operand, zero-extended, or to be stored. dst and src may be the same cell.
 * @returns false on an unmasked SIMD floating-point exception: dst is as before and MXCSR tells which (SDM vol. 1, 11.5.2)
 */
// prettier-ignore
export function execSimd(op: u32, dst: usize, src: usize, imm: u32): bool {
  switch (op) {
    // Moves
    case SimdOp.MOV128: mov128(dst, src); break;
    case SimdOp.MOVQ: movq(dst, src); break;
    case SimdOp.MERGE32: merge32(dst, src); break;
    case SimdOp.MERGE64: merge64(dst, src); break;
    case SimdOp.MOVHLPS: movhlps(dst, src); break;
    case SimdOp.MOVLHPS: movlhps(dst, src); break;
    case SimdOp.MOVDDUP: movddup(dst, src); break;
    case SimdOp.MOVSLDUP: movsldup(dst, src); break;
    case SimdOp.MOVSHDUP: movshdup(dst, src); break;
    case SimdOp.MOVMSKPS: movmskps(dst, src); break;
    case SimdOp.MOVMSKPD: movmskpd(dst, src); break;
    case SimdOp.PMOVMSKB: pmovmskb(dst, src); break;
    // Logic
    case SimdOp.PAND: pand(dst, src); break;
    case SimdOp.PANDN: pandn(dst, src); break;
    case SimdOp.POR: por(dst, src); break;
    case SimdOp.PXOR: pxor(dst, src); break;
    // Integer arithmetic
    case SimdOp.PADDB: paddb(dst, src); break;
    case SimdOp.PADDW: paddw(dst, src); break;
    case SimdOp.PADDD: paddd(dst, src); break;
    case SimdOp.PADDQ: paddq(dst, src); break;
    case SimdOp.PSUBB: psubb(dst, src); break;
    case SimdOp.PSUBW: psubw(dst, src); break;
    case SimdOp.PSUBD: psubd(dst, src); break;
    case SimdOp.PSUBQ: psubq(dst, src); break;
    case SimdOp.PADDSB: paddsb(dst, src); break;
    case SimdOp.PADDSW: paddsw(dst, src); break;
    case SimdOp.PADDUSB: paddusb(dst, src); break;
    case SimdOp.PADDUSW: paddusw(dst, src); break;
    case SimdOp.PSUBSB: psubsb(dst, src); break;
    case SimdOp.PSUBSW: psubsw(dst, src); break;
    case SimdOp.PSUBUSB: psubusb(dst, src); break;
    case SimdOp.PSUBUSW: psubusw(dst, src); break;
    case SimdOp.PMULLW: pmullw(dst, src); break;
    case SimdOp.PMULHW: pmulhw(dst, src); break;
    case SimdOp.PMULHUW: pmulhuw(dst, src); break;
    case SimdOp.PMULUDQ: pmuludq(dst, src); break;
    case SimdOp.PMADDWD: pmaddwd(dst, src); break;
    case SimdOp.PSADBW: psadbw(dst, src); break;
    case SimdOp.PAVGB: pavgb(dst, src); break;
    case SimdOp.PAVGW: pavgw(dst, src); break;
    case SimdOp.PMULDQ: pmuldq(dst, src); break;
    case SimdOp.PMULLD: pmulld(dst, src); break;
    case SimdOp.PMADDUBSW: pmaddubsw(dst, src); break;
    case SimdOp.PMULHRSW: pmulhrsw(dst, src); break;
    case SimdOp.PABSB: pabsb(dst, src); break;
    case SimdOp.PABSW: pabsw(dst, src); break;
    case SimdOp.PABSD: pabsd(dst, src); break;
    case SimdOp.PSIGNB: psignb(dst, src); break;
    case SimdOp.PSIGNW: psignw(dst, src); break;
    case SimdOp.PSIGND: psignd(dst, src); break;
    case SimdOp.PHADDW: phaddw(dst, src); break;
    case SimdOp.PHADDD: phaddd(dst, src); break;
    case SimdOp.PHADDSW: phaddsw(dst, src); break;
    case SimdOp.PHSUBW: phsubw(dst, src); break;
    case SimdOp.PHSUBD: phsubd(dst, src); break;
    case SimdOp.PHSUBSW: phsubsw(dst, src); break;
    case SimdOp.PHMINPOSUW: phminposuw(dst, src); break;
    case SimdOp.MPSADBW: mpsadbw(dst, src, imm); break;
    // Minimum, maximum, compare
    case SimdOp.PMINUB: pminub(dst, src); break;
    case SimdOp.PMINSB: pminsb(dst, src); break;
    case SimdOp.PMINUW: pminuw(dst, src); break;
    case SimdOp.PMINSW: pminsw(dst, src); break;
    case SimdOp.PMINUD: pminud(dst, src); break;
    case SimdOp.PMINSD: pminsd(dst, src); break;
    case SimdOp.PMAXUB: pmaxub(dst, src); break;
    case SimdOp.PMAXSB: pmaxsb(dst, src); break;
    case SimdOp.PMAXUW: pmaxuw(dst, src); break;
    case SimdOp.PMAXSW: pmaxsw(dst, src); break;
    case SimdOp.PMAXUD: pmaxud(dst, src); break;
    case SimdOp.PMAXSD: pmaxsd(dst, src); break;
    case SimdOp.PCMPEQB: pcmpeqb(dst, src); break;
    case SimdOp.PCMPEQW: pcmpeqw(dst, src); break;
    case SimdOp.PCMPEQD: pcmpeqd(dst, src); break;
    case SimdOp.PCMPEQQ: pcmpeqq(dst, src); break;
    case SimdOp.PCMPGTB: pcmpgtb(dst, src); break;
    case SimdOp.PCMPGTW: pcmpgtw(dst, src); break;
    case SimdOp.PCMPGTD: pcmpgtd(dst, src); break;
    case SimdOp.PCMPGTQ: pcmpgtq(dst, src); break;
    case SimdOp.PTEST: ptest(dst, src); break;
    // Shifts by the low quadword of the source, or by the immediate (…I)
    case SimdOp.PSLLW: psllw(dst, src); break;
    case SimdOp.PSLLD: pslld(dst, src); break;
    case SimdOp.PSLLQ: psllq(dst, src); break;
    case SimdOp.PSRLW: psrlw(dst, src); break;
    case SimdOp.PSRLD: psrld(dst, src); break;
    case SimdOp.PSRLQ: psrlq(dst, src); break;
    case SimdOp.PSRAW: psraw(dst, src); break;
    case SimdOp.PSRAD: psrad(dst, src); break;
    case SimdOp.PSLLWI: psllwi(dst, imm); break;
    case SimdOp.PSLLDI: pslldi(dst, imm); break;
    case SimdOp.PSLLQI: psllqi(dst, imm); break;
    case SimdOp.PSRLWI: psrlwi(dst, imm); break;
    case SimdOp.PSRLDI: psrldi(dst, imm); break;
    case SimdOp.PSRLQI: psrlqi(dst, imm); break;
    case SimdOp.PSRAWI: psrawi(dst, imm); break;
    case SimdOp.PSRADI: psradi(dst, imm); break;
    case SimdOp.PSLLDQ: pslldq(dst, imm); break;
    case SimdOp.PSRLDQ: psrldq(dst, imm); break;
    // Pack, unpack, shuffle, blend, insert, extract
    case SimdOp.PACKSSWB: packsswb(dst, src); break;
    case SimdOp.PACKUSWB: packuswb(dst, src); break;
    case SimdOp.PACKSSDW: packssdw(dst, src); break;
    case SimdOp.PACKUSDW: packusdw(dst, src); break;
    case SimdOp.PUNPCKLBW: punpcklbw(dst, src); break;
    case SimdOp.PUNPCKLWD: punpcklwd(dst, src); break;
    case SimdOp.PUNPCKLDQ: punpckldq(dst, src); break;
    case SimdOp.PUNPCKLQDQ: punpcklqdq(dst, src); break;
    case SimdOp.PUNPCKHBW: punpckhbw(dst, src); break;
    case SimdOp.PUNPCKHWD: punpckhwd(dst, src); break;
    case SimdOp.PUNPCKHDQ: punpckhdq(dst, src); break;
    case SimdOp.PUNPCKHQDQ: punpckhqdq(dst, src); break;
    case SimdOp.PSHUFD: pshufd(dst, src, imm); break;
    case SimdOp.PSHUFHW: pshufhw(dst, src, imm); break;
    case SimdOp.PSHUFLW: pshuflw(dst, src, imm); break;
    case SimdOp.PSHUFW: pshufw(dst, src, imm); break;
    case SimdOp.PSHUFB: pshufb(dst, src); break;
    case SimdOp.PALIGNR: palignr(dst, src, imm); break;
    case SimdOp.SHUFPS: shufps(dst, src, imm); break;
    case SimdOp.SHUFPD: shufpd(dst, src, imm); break;
    case SimdOp.PBLENDVB: pblendvb(dst, src); break;
    case SimdOp.BLENDVPS: blendvps(dst, src); break;
    case SimdOp.BLENDVPD: blendvpd(dst, src); break;
    case SimdOp.BLENDPS: blendps(dst, src, imm); break;
    case SimdOp.BLENDPD: blendpd(dst, src, imm); break;
    case SimdOp.PBLENDW: pblendw(dst, src, imm); break;
    case SimdOp.PINSRB: pinsrb(dst, src, imm); break;
    case SimdOp.PINSRW: pinsrw(dst, src, imm); break;
    case SimdOp.PINSRD: pinsrd(dst, src, imm); break;
    case SimdOp.PINSRQ: pinsrq(dst, src, imm); break;
    case SimdOp.PEXTRB: pextrb(dst, src, imm); break;
    case SimdOp.PEXTRW: pextrw(dst, src, imm); break;
    case SimdOp.PEXTRD: pextrd(dst, src, imm); break;
    case SimdOp.PEXTRQ: pextrq(dst, src, imm); break;
    case SimdOp.INSERTPS: insertps(dst, src, imm); break;
    case SimdOp.INSERTPSM: insertpsm(dst, src, imm); break;
    case SimdOp.PMOVSXBW: pmovsxbw(dst, src); break;
    case SimdOp.PMOVSXBD: pmovsxbd(dst, src); break;
    case SimdOp.PMOVSXBQ: pmovsxbq(dst, src); break;
    case SimdOp.PMOVSXWD: pmovsxwd(dst, src); break;
    case SimdOp.PMOVSXWQ: pmovsxwq(dst, src); break;
    case SimdOp.PMOVSXDQ: pmovsxdq(dst, src); break;
    case SimdOp.PMOVZXBW: pmovzxbw(dst, src); break;
    case SimdOp.PMOVZXBD: pmovzxbd(dst, src); break;
    case SimdOp.PMOVZXBQ: pmovzxbq(dst, src); break;
    case SimdOp.PMOVZXWD: pmovzxwd(dst, src); break;
    case SimdOp.PMOVZXWQ: pmovzxwq(dst, src); break;
    case SimdOp.PMOVZXDQ: pmovzxdq(dst, src); break;
    // Text; …64: lengths from RAX and RDX instead of EAX and EDX
    case SimdOp.PCMPESTRM: pcmpestrm(dst, src, imm); break;
    case SimdOp.PCMPESTRI: pcmpestri(dst, src, imm); break;
    case SimdOp.PCMPISTRM: pcmpistrm(dst, src, imm); break;
    case SimdOp.PCMPISTRI: pcmpistri(dst, src, imm); break;
    case SimdOp.PCMPESTRM64: pcmpestrm64(dst, src, imm); break;
    case SimdOp.PCMPESTRI64: pcmpestri64(dst, src, imm); break;
    // Floating-point arithmetic
    case SimdOp.ADDPS: return addps(dst, src);
    case SimdOp.ADDPD: return addpd(dst, src);
    case SimdOp.ADDSS: return addss(dst, src);
    case SimdOp.ADDSD: return addsd(dst, src);
    case SimdOp.SUBPS: return subps(dst, src);
    case SimdOp.SUBPD: return subpd(dst, src);
    case SimdOp.SUBSS: return subss(dst, src);
    case SimdOp.SUBSD: return subsd(dst, src);
    case SimdOp.MULPS: return mulps(dst, src);
    case SimdOp.MULPD: return mulpd(dst, src);
    case SimdOp.MULSS: return mulss(dst, src);
    case SimdOp.MULSD: return mulsd(dst, src);
    case SimdOp.DIVPS: return divps(dst, src);
    case SimdOp.DIVPD: return divpd(dst, src);
    case SimdOp.DIVSS: return divss(dst, src);
    case SimdOp.DIVSD: return divsd(dst, src);
    case SimdOp.MINPS: return minps(dst, src);
    case SimdOp.MINPD: return minpd(dst, src);
    case SimdOp.MINSS: return minss(dst, src);
    case SimdOp.MINSD: return minsd(dst, src);
    case SimdOp.MAXPS: return maxps(dst, src);
    case SimdOp.MAXPD: return maxpd(dst, src);
    case SimdOp.MAXSS: return maxss(dst, src);
    case SimdOp.MAXSD: return maxsd(dst, src);
    case SimdOp.SQRTPS: return sqrtps(dst, src);
    case SimdOp.SQRTPD: return sqrtpd(dst, src);
    case SimdOp.SQRTSS: return sqrtss(dst, src);
    case SimdOp.SQRTSD: return sqrtsd(dst, src);
    case SimdOp.RCPPS: rcpps(dst, src); break;
    case SimdOp.RCPSS: rcpss(dst, src); break;
    case SimdOp.RSQRTPS: rsqrtps(dst, src); break;
    case SimdOp.RSQRTSS: rsqrtss(dst, src); break;
    case SimdOp.HADDPS: return haddps(dst, src);
    case SimdOp.HADDPD: return haddpd(dst, src);
    case SimdOp.HSUBPS: return hsubps(dst, src);
    case SimdOp.HSUBPD: return hsubpd(dst, src);
    case SimdOp.ADDSUBPS: return addsubps(dst, src);
    case SimdOp.ADDSUBPD: return addsubpd(dst, src);
    case SimdOp.DPPS: return dpps(dst, src, imm);
    case SimdOp.DPPD: return dppd(dst, src, imm);
    case SimdOp.ROUNDPS: return roundps(dst, src, imm);
    case SimdOp.ROUNDPD: return roundpd(dst, src, imm);
    case SimdOp.ROUNDSS: return roundss(dst, src, imm);
    case SimdOp.ROUNDSD: return roundsd(dst, src, imm);
    // Floating-point compares
    case SimdOp.CMPPS: return cmpps(dst, src, imm);
    case SimdOp.CMPPD: return cmppd(dst, src, imm);
    case SimdOp.CMPSS: return cmpss(dst, src, imm);
    case SimdOp.CMPSD: return cmpsd(dst, src, imm);
    case SimdOp.COMISS: return comiss(dst, src);
    case SimdOp.COMISD: return comisd(dst, src);
    case SimdOp.UCOMISS: return ucomiss(dst, src);
    case SimdOp.UCOMISD: return ucomisd(dst, src);
    // Conversions; SI32/SI64: general register operand of that size
    case SimdOp.CVTPS2PD: return cvtps2pd(dst, src);
    case SimdOp.CVTPD2PS: return cvtpd2ps(dst, src);
    case SimdOp.CVTSS2SD: return cvtss2sd(dst, src);
    case SimdOp.CVTSD2SS: return cvtsd2ss(dst, src);
    case SimdOp.CVTDQ2PS: return cvtdq2ps(dst, src);
    case SimdOp.CVTPS2DQ: return cvtps2dq(dst, src);
    case SimdOp.CVTTPS2DQ: return cvttps2dq(dst, src);
    case SimdOp.CVTDQ2PD: cvtdq2pd(dst, src); break;
    case SimdOp.CVTPD2DQ: return cvtpd2dq(dst, src);
    case SimdOp.CVTTPD2DQ: return cvttpd2dq(dst, src);
    case SimdOp.CVTSI322SS: return cvtsi322ss(dst, src);
    case SimdOp.CVTSI642SS: return cvtsi642ss(dst, src);
    case SimdOp.CVTSI322SD: cvtsi322sd(dst, src); break;
    case SimdOp.CVTSI642SD: return cvtsi642sd(dst, src);
    case SimdOp.CVTSS2SI32: return cvtss2si32(dst, src);
    case SimdOp.CVTSS2SI64: return cvtss2si64(dst, src);
    case SimdOp.CVTTSS2SI32: return cvttss2si32(dst, src);
    case SimdOp.CVTTSS2SI64: return cvttss2si64(dst, src);
    case SimdOp.CVTSD2SI32: return cvtsd2si32(dst, src);
    case SimdOp.CVTSD2SI64: return cvtsd2si64(dst, src);
    case SimdOp.CVTTSD2SI32: return cvttsd2si32(dst, src);
    case SimdOp.CVTTSD2SI64: return cvttsd2si64(dst, src);
    // Between MMX and XMM registers; the other such conversions are CVTDQ2PD, CVTPD2DQ, CVTTPD2DQ and MOVQ
    case SimdOp.CVTPI2PS: return cvtpi2ps(dst, src);
    case SimdOp.CVTPS2PI: return cvtps2pi(dst, src);
    case SimdOp.CVTTPS2PI: return cvttps2pi(dst, src);
    default: unreachable();
  }
  return true;
}
