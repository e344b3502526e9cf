import { setFloatingPointError } from '../bus';
import { cr0, CR0_NE } from '../state';
import { ES, getFsw } from './state';

/**
 * How unmasked x87 errors are told: by #MF, or with CR0.NE clear as on the first PCs, by the FERR# pin and an interrupt
 * of the board's (SDM vol. 1, 8.7). FERR# follows the error summary late, which cannot be told apart: it goes up when a
 * waiting instruction finds an error, and down when one finds none.
 */
// What was before a state was loaded is not known, so the first instruction without an error says so.
let asserted: bool = true;

/** Whether a waiting instruction may not be executed because of an error before it. */
export function errorPending(): bool {
  if (!(getFsw() & ES)) {
    if (asserted) lower();
    return false;
  }
  if (cr0() & CR0_NE) return true;
  asserted = true;
  return !setFloatingPointError(true);
}

function lower(): void {
  asserted = false;
  setFloatingPointError(false);
}
