import type { GuestMemory } from '../../memory/guest-memory.js';
import * as L from '../core/layout.js';
import type { Decoded } from './decode/decoded.js';
import { PAGE_BYTES } from './region/blocks.js';
import type { CodePage } from './region/code-space.js';

// Header of a code page (assembly/code-invalidate.ts).
export const PAGE_NUMBER = 0;
export const PAGE_HOST = 8;
export const PAGE_REGIONS = 12;

/** Number of DS in encoding order: it, ES, CS and SS have no base in the modes that are translated. */
const DS = 3;
/** Code farther away than this is not of one region: distances stay exact as numbers. */
const FARTHEST = 1n << 48n;

/** The core's op that enters a region (assembly/pseudo-ops.ts). */
export const OP_REGION = 8;

/** Where a region notes what the indirect jump at an offset of a code page went to. */
export function targetSlot(view: DataView, codePage: number, offset: number): number {
  const hash = Math.imul(view.getUint32(codePage + PAGE_NUMBER, true), 0x9e37_79b1) + offset;
  return L.JUMP_TARGETS + (hash & (L.JUMP_TARGET_COUNT - 1)) * 8;
}

/** The code page the core is in, and its neighbours by linear address, as far as its instruction TLB knows them. */
export class CodePages {
  private readonly known = new Map<number, CodePage | undefined>();
  /** Linear address of the page the core is in. */
  private readonly home: bigint;

  /**
   * @param codePage address of the one the core is in, its PAGE_RIP being that page's
   * @param heat how often the core was found at an offset of a code page
   */
  constructor(
    private readonly memory: GuestMemory,
    private readonly mode: number,
    codePage: number,
    private readonly heat: (codePage: number, offset: number) => number,
  ) {
    this.home = memory.view.getBigUint64(L.PAGE_RIP, true);
    this.known.set(0, this.describe(codePage));
  }

  /** Linear address of a place. */
  linear(place: number): bigint {
    return BigInt.asUintN(this.mode === L.MODE_64 ? 64 : 32, this.home + BigInt(place));
  }

  /** A page by its number from the first. */
  page(number: number): CodePage | undefined {
    if (!this.known.has(number)) {
      const address = this.lookUp(this.home + BigInt(number * PAGE_BYTES));
      this.known.set(number, address === undefined ? undefined : this.describe(address));
    }
    return this.known.get(number);
  }

  /** The place that an instruction's memory operand holds, if its address is constant and the data TLB knows it. */
  pointer(page: number, { memory: operand, long, operandBytes }: Decoded): number | undefined {
    if (!operand || operand.base !== undefined || operand.index !== undefined) return undefined;
    // FS and GS have bases of their own.
    if (operand.segment > DS) return undefined;
    const from = operand.pageRelative ? this.home + BigInt(page * PAGE_BYTES) : 0n;
    const linear = BigInt.asUintN(long ? 64 : 32, from + BigInt(operand.displacement));
    const host = this.readable(linear, operandBytes);
    if (host === undefined) return undefined;
    const { view } = this.memory;
    return this.place(long ? view.getBigUint64(host, true) : BigInt(view.getUint32(host, true)));
  }

  private place(linear: bigint): number | undefined {
    const distance = BigInt.asIntN(64, linear - this.home);
    return distance > -FARTHEST && distance < FARTHEST ? Number(distance) : undefined;
  }

  /** Offset in the machine's memory of an operand at a linear address. */
  private readable(linear: bigint, bytes: number): number | undefined {
    const { view } = this.memory;
    const offset = Number(linear & 0xfffn);
    if (offset + bytes > PAGE_BYTES) return undefined;
    const entry = view.getUint32(L.TLB_READ_BASE, true) + (Number((linear >> 12n) & BigInt(L.TLB_ENTRIES - 1)) << 4);
    if (view.getBigUint64(entry, true) !== (linear & ~0xfffn)) return undefined;
    return (view.getUint32(entry + 8, true) + Number(linear & 0xffff_ffffn)) >>> 0;
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
      lastTarget: (offset) => this.place(view.getBigUint64(targetSlot(view, address, offset), true)),
      heat: (offset) => this.heat(address, offset),
      entered: (offset) => op(offset) !== 0 && view.getUint16(op(offset), true) === OP_REGION,
    };
  }
}
