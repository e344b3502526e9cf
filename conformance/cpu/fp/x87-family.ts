/** The recorded file `../x87/NAME.bin` and how many cases of each instruction it holds; at most 50. */
export const X87_FAMILY = 'x87';
export const X87_CASES = 30;
