import type { RegionMode } from '../decode/decode.js';
import type { Decoded } from '../decode/decoded.js';

/** A page of code that the core has decoded some of. */
export interface CodePage {
  readonly bytes: Uint8Array;
  /** Address of its code page in the core's cache. */
  readonly address: number;
  /** Whether the core has decoded the instruction at an offset: what never ran is not worth translating. */
  readonly decoded: (offset: number) => boolean;
  /** The place that the indirect jump at an offset last left a region for, if that is known. */
  readonly lastTarget: (offset: number) => number | undefined;
  /** How often the core was found at an offset. */
  readonly heat: (offset: number) => number;
  /** Whether a region is entered at an offset already. */
  readonly entered: (offset: number) => boolean;
}

/** Code around the page a region is found in. */
export interface CodeSpace {
  readonly mode: RegionMode;
  /** A page by its number from that page, if the core knows it. */
  readonly page: (number: number) => CodePage | undefined;
  /** The place that the memory operand of an instruction of a page points to, if its address is constant. */
  readonly pointer: (page: number, instruction: Decoded) => number | undefined;
}
