// What a case of the main loop does to the arithmetic flags: for the generator and for assembly/run-optimizer.ts.
/** Anything: may read them, fault, or go elsewhere. */
export const FLAGS_UNKNOWN = 0;
/** Neither reads nor (for certain) defines them, cannot fault and goes on to the next op. */
export const FLAGS_KEPT = 1;
/** Defines all six without reading any, cannot fault and goes on to the next op. */
export const FLAGS_DEFINED = 2;
/** The same if its immediate, a shift count, is not zero. */
export const FLAGS_DEFINED_IF_COUNT = 3;
