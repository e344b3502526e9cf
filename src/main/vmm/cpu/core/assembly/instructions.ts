/** Everything the generated main loop calls. */
export * from './alu';
export * from './ops/arithmetic';
export * from './ops/bits';
export * from './ops/branch';
export * from './ops/control-registers';
export * from './ops/descriptor-tables';
export * from './ops/exchange';
export * from './ops/far';
export * from './ops/flags';
export * from './ops/offset';
export * from './ops/ports';
export * from './ops/segment-registers';
export * from './ops/simd';
export * from './ops/stack';
export * from './ops/strings';
export * from './ops/system-call';
export * from './ops/x87';
