import type { FunctionCode } from '../wasm/function-code.js';
import { I64 } from '../wasm/wasm-op.js';
import type { Place } from './access-groups.js';
import type { RegionLocals } from './region-locals.js';

/** A linear address of the current instruction, computed where it is needed. */
export class LinearAddress {
  private local: number | undefined;

  /**
   * @param compute pushes it, as i64, as long as no register changes
   * @param place where it lies relative to others, if that is known
   */
  constructor(
    private readonly code: FunctionCode,
    private readonly locals: RegionLocals,
    private readonly compute: () => void,
    readonly place?: Place,
  ) {}

  /** A temporary (i64) with it, from here on. */
  inLocal(): number {
    if (this.local === undefined) {
      this.compute();
      this.local = this.locals.temporary(I64);
      this.code.set(this.local);
    }
    return this.local;
  }
}
