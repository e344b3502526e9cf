/** Ops that are no instruction. The generated ids of instructions start at FIRST_INSTRUCTION_OP. */

/** Finds the op for its own address: what is left of forgotten code, and the end of a long run. */
export const OP_LOOKUP: u16 = 0;
/** Goes on at the op whose address is in the displacement: decoded before. */
export const OP_GOTO: u16 = 1;
/** The code runs into the next page. */
export const OP_PAGE_END: u16 = 2;
/** An instruction that crosses into the next page. */
export const OP_CROSS: u16 = 3;
/** Leaves the main loop. */
export const OP_EXIT: u16 = 4;
/** Behind an instruction that was executed on its own. */
export const OP_STEP_DONE: u16 = 5;
/** An undefined instruction. */
export const OP_UNDEFINED: u16 = 6;
/** An instruction longer than 15 bytes. */
export const OP_TOO_LONG: u16 = 7;
/** A translated region starts here: its index in the table is in the displacement, its entry in the immediate. */
export const OP_REGION: u16 = 8;
