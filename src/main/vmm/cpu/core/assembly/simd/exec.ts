/** What the core calls to execute MMX and SSE … SSE4.2 instructions. */
export { execSimd } from './dispatch';
export { enterMmx, execMmx } from './mmx';
export { setSimdFlags, simdFlags, simdIndex } from './results';
