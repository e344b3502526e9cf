import { OP_SIZE } from '../layout';
import { FLAGS_DEFINED, FLAGS_DEFINED_IF_COUNT, FLAGS_KEPT } from '../opcodes/flag-effects';
import { CASE_PAIRS, CASE_TRAITS } from './generated/tables';

/**
 * Makes a decoded run cheaper without changing what anybody can see of it. Straight-line code is entered anywhere but
 * only left where an op may fault, ends a block or is unknown here, so flags that are overwritten before that need not
 * be computed: their op becomes its quiet case. A comparison and the conditional jump behind it become one case in the
 * first one's op; the jump's own op stays as it is.
 *
 * Single steps, and whatever is decoded on its own, do not come through here.
 */
export function optimizeRun(first: usize, end: usize): void {
  let live = true;
  let condition: u32 = 0;
  for (let op = end - OP_SIZE; op >= first; op -= OP_SIZE) {
    const traits: usize = CASE_TRAITS + (<usize>load<u16>(op) << 3);
    const pairs = <usize>load<u16>(traits, 4);
    const fused = condition && pairs ? load<u16>(CASE_PAIRS + ((pairs << 4) + condition - 1) * 2) : <u16>0;
    const quiet = load<u16>(traits, 2);
    if (fused) store<u16>(op, fused);
    else if (!live && quiet) store<u16>(op, quiet);
    condition = load<u16>(traits, 6);
    live = flagsLiveBefore(<u32>load<u16>(traits), op, live);
  }
}

/** Whether anything behind the flags before an op may read them, given whether it may read those after it. */
function flagsLiveBefore(effect: u32, op: usize, after: bool): bool {
  if (effect == FLAGS_DEFINED) return false;
  if (effect == FLAGS_DEFINED_IF_COUNT) return after && !(load<u32>(op, 12) & 31);
  return effect == FLAGS_KEPT ? after : true;
}
