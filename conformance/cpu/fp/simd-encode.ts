import type { SimdForm, SimdInstruction } from './simd-instructions.js';

/** ModR/M: destination register 1 (or AX), source register 2 (or AX) or [RDI]; none where the code has it already. */
function modrm(form: SimdForm, inMemory: boolean): number[] {
  if (form === 'xi' || form === 'mi') return [];
  if (form === 'r<xi') return [0xd0];
  const destination = form.startsWith('r') ? 0 : 1;
  if (inMemory) return [(destination << 3) | 7];
  const source = form.slice(1).includes('r') ? 0 : 2;
  return [0xc0 | (destination << 3) | source];
}

/** Machine code of a tested instruction. */
export function encodeSimd({ code, form }: SimdInstruction, imm: number, inMemory = false): number[] {
  return [...Buffer.from(code, 'hex'), ...modrm(form, inMemory), ...(form.endsWith('i') ? [imm] : [])];
}
