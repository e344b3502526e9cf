/** Recorded files `../x87/NAME.bin` and how many cases of each instruction they hold; of x87 at most 50. */
export const X87_FAMILY = 'x87';
export const X87_CASES = 30;
export const IMAGE_FAMILY = 'images';
export const IMAGE_CASES = 10;
