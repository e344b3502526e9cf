/** Instructions of a region in a page that is translated for the first time… */
const FIRST = 400;
/** …and at most, for V8 takes more than in proportion, in time and memory. */
const MOST = 800;

/**
 * How many instructions a region may have. Code that is still found on its way from region to region, long after its page was
 * translated, is too large for the regions it has: the next ones may be larger, as it takes twice the heat to be next.
 * @param rounds times that the page was translated before
 */
export function instructionsIn(rounds: number): number {
  return Math.min(MOST, FIRST << rounds);
}
