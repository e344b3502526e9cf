import type { SimdInstruction } from './opcode.js';
import { SimdOp } from './simd-op.js';
import { UNALIGNED, row } from './simd-row.js';

const INDEX = { ...UNALIGNED, setsFlags: true, setsIndex: true } as const;
const MASK = { ...UNALIGNED, setsFlags: true } as const;

/** SSE4.2 string and text processing (SDM vol. 1, 12.8.3): memory operands need no alignment. */
// prettier-ignore
export const SIMD_TEXT_INSTRUCTIONS: readonly SimdInstruction[] = [
  row('sse4.2', '66 0F 3A 60 /r ib', 'pcmpestrm', 'V,W,Ib', SimdOp.PCMPESTRM, 16, MASK),
  row('sse4.2', '66 REX.W 0F 3A 60 /r ib', 'pcmpestrm', 'V,W,Ib', SimdOp.PCMPESTRM64, 16, MASK),
  row('sse4.2', '66 0F 3A 61 /r ib', 'pcmpestri', 'V,W,Ib', SimdOp.PCMPESTRI, 16, INDEX),
  row('sse4.2', '66 REX.W 0F 3A 61 /r ib', 'pcmpestri', 'V,W,Ib', SimdOp.PCMPESTRI64, 16, INDEX),
  row('sse4.2', '66 0F 3A 62 /r ib', 'pcmpistrm', 'V,W,Ib', SimdOp.PCMPISTRM, 16, MASK),
  row('sse4.2', '66 0F 3A 63 /r ib', 'pcmpistri', 'V,W,Ib', SimdOp.PCMPISTRI, 16, INDEX),
];
