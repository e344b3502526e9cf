import type { Instruction } from '../../../../src/main/vmm/cpu/core/opcodes/opcode.js';
import { hookOf } from './hooks.js';
import type { Template } from './template.js';

/**
 * Not part of sequences: state images, which show what the host keeps its own way (see compare.ts), and transcendental
 * functions, whose last bit later instructions would make more of.
 */
const ALONE =
  /^(maskmov|fx|f?n?save|f?rstor|f?n?stenv|f?ldenv|f2xm1|fyl2x|fyl2xp1|fptan|fpatan|fsin|fcos|fsincos|xchg)/;

/** Whether an instruction may be one of several: it does not go where memory says, which others may have written. */
export function fitsSequence(template: Template): boolean {
  return !ALONE.test(template.mnemonic) && hookOf(template)?.control !== true;
}

/** Instructions that read flags (SDM vol. 1, appendix A). */
export const READS_FLAGS =
  /^(j(?!mp)|set|cmov|fcmov|adc|sbb|rcl|rcr|cmc|daa|das|aaa|aas|lahf|pushf|into|loope|loopne|salc|cmps|scas|int)/;

/** Flags the manual leaves undefined by instructions of a sequence so far. */
export class Hazards {
  private undefinedFlags = false;

  add({ family, row }: Template): void {
    if (family === 'integer' && ((row as Instruction).undefinedFlags ?? '') !== '') this.undefinedFlags = true;
  }

  /** Whether a result of this one would be undefined too. */
  readsUndefined({ mnemonic }: Template): boolean {
    return this.undefinedFlags && READS_FLAGS.test(mnemonic);
  }
}
