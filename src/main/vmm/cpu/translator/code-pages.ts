import type { GuestMemory } from '../../memory/guest-memory.js';
import * as L from '../core/layout.js';
import { PAGE_BYTES, type CodePage } from './region/blocks.js';

// Header of a code page (assembly/code-invalidate.ts).
export const PAGE_NUMBER = 0;
export const PAGE_HOST = 8;
export const PAGE_REGIONS = 12;

/** The core's op that enters a region (assembly/pseudo-ops.ts). */
export const OP_REGION = 8;

/** The code page the core is in, and its neighbours by linear address, as far as its instruction TLB knows them. */
export class CodePages {
  private readonly known = new Map<number, CodePage | undefined>();
  /** Linear address of the page the core is in. */
  private readonly home: bigint;

  /** @param codePage address of the one the core is in, its PAGE_RIP being that page's */
  constructor(
    private readonly memory: GuestMemory,
    private readonly mode: number,
    codePage: number,
  ) {
    this.home = memory.view.getBigUint64(L.PAGE_RIP, true);
    this.known.set(0, this.describe(codePage));
  }

  /** A page by its number from the first. */
  page(number: number): CodePage | undefined {
    if (!this.known.has(number)) {
      const address = this.lookUp(this.home + BigInt(number * PAGE_BYTES));
      this.known.set(number, address === undefined ? undefined : this.describe(address));
    }
    return this.known.get(number);
  }

  private lookUp(linear: bigint): number | undefined {
    const { view } = this.memory;
    const address = BigInt.asUintN(this.mode === L.MODE_64 ? 64 : 32, linear);
    const entry = L.ITLB + (Number((address >> 12n) & BigInt(L.ITLB_ENTRIES - 1)) << 4);
    const key = BigInt(view.getUint32(L.ITLB_KEY, true));
    if (view.getBigUint64(entry, true) !== (address | key)) return undefined;
    return view.getUint32(entry + 8, true) - L.CODE_PAGE_HEADER;
  }

  private describe(address: number): CodePage {
    const { view, bytes } = this.memory;
    const host = view.getUint32(address + PAGE_HOST, true);
    const op = (offset: number): number => view.getUint32(address + L.CODE_PAGE_HEADER + offset * 4, true);
    return {
      bytes: bytes.slice(host, host + PAGE_BYTES),
      address,
      decoded: (offset) => op(offset) !== 0,
    };
  }
}
