/** Entry of a test build: the floating-point and SIMD operations without decoder, so that recorded cases can call them. */
export { FP_STATE as fpState } from '../../layout';
export { setSimdFlags, simdFlags, simdIndex } from '../simd/results';
export { execSimd } from '../simd/dispatch';
export { execMmx } from '../simd/mmx';
export { execX87 } from '../x87/exec';
export { fxrstor, fxsave, resetFloatingPoint, xrstor, xsave } from './area';
