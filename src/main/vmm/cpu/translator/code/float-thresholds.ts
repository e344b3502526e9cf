import { FP_MXCSR, NATIVE_ASK } from '../../core/layout.js';
import { FunctionCode } from '../wasm/function-code.js';
import { I32, Wasm } from '../wasm/wasm-op.js';
import type { RegionLocals } from './region-locals.js';

/** Every exception masked, rounding to nearest, no flushing, PE clear or set; the other exceptions are not looked at. */
const MXCSR_EXACT = 0x1f80;
const MXCSR_INEXACT = 0x1fa0;
const MXCSR_LOOKED_AT = 0xffe0;

/**
 * What results of native arithmetic are measured against, in a local for each NATIVE_THRESHOLD_* of the layout that the
 * region uses: that value if MXCSR is such that no result can change it, else NATIVE_ASK.
 */
export class FloatThresholds {
  private readonly kept = new Map<number, number>();
  private watch: number | undefined;

  constructor(private readonly locals: RegionLocals) {}

  /** The local of a threshold. */
  local(threshold: number): number {
    const known = this.kept.get(threshold) ?? this.locals.permanent(I32);
    this.kept.set(threshold, known);
    return known;
  }

  /** A local that is 0 if an exact result changes nothing, else -1; of meaning where a threshold is NATIVE_ASK. */
  watching(): number {
    return (this.watch ??= this.locals.permanent(I32));
  }

  /** Code that finds them by MXCSR. */
  load(): FunctionCode {
    const code = new FunctionCode();
    const compare = (op: number, value: number): FunctionCode =>
      code.i32(0).memory(Wasm.i32Load, FP_MXCSR).i32(MXCSR_LOOKED_AT).op(Wasm.i32And).i32(value).op(op);
    for (const [threshold, local] of this.kept) {
      code.i32(threshold).i32(NATIVE_ASK);
      compare(Wasm.i32Eq, MXCSR_INEXACT).op(Wasm.select).set(local);
    }
    if (this.watch !== undefined) {
      code.i32(0);
      compare(Wasm.i32Ne, MXCSR_EXACT).op(Wasm.i32Sub).set(this.watch);
    }
    return code;
  }
}
