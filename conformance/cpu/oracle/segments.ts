import { CODE, CODE_BYTES, DATA, DATA_BYTES } from './layout.js';

/** A descriptor of the cases' local descriptor table. */
export interface LocalSegment {
  readonly base: number;
  /** Highest offset, or the highest invalid one of an expand-down segment. */
  readonly limit: number;
  readonly kind: 'data' | 'expand-down' | 'code';
  /** D/B. */
  readonly wide: boolean;
  /** Data that may not be written, code that may not be read. */
  readonly restricted?: boolean;
  readonly absent?: boolean;
}

const code = { base: CODE, limit: CODE_BYTES - 1, kind: 'code', wide: true } as const;
const data = { base: DATA, limit: DATA_BYTES - 1, kind: 'data', wide: true } as const;
export const FLAT_LIMIT = 0xffff_ffff;

/** The local descriptor table, by name, in order. Every segment but the flat ones is confined to the cases' memory. */
export const LOCAL_SEGMENTS = {
  code32: code,
  code16: { ...code, wide: false },
  unreadableCode32: { ...code, restricted: true },
  shortCode32: { ...code, limit: 0x7fff },
  absentCode32: { ...code, absent: true },
  data32: data,
  data16: { ...data, wide: false },
  readOnly: { ...data, restricted: true },
  small: { ...data, limit: 0x5ffd },
  odd: { ...data, base: DATA + 0x4ff3, limit: 0x2fff },
  expandDown16: { ...data, kind: 'expand-down', wide: false, limit: 0x2ffe },
  absent: { ...data, absent: true },
  flatCode32: { ...code, base: 0, limit: FLAT_LIMIT },
  flatData: { ...data, base: 0, limit: FLAT_LIMIT },
} as const satisfies Record<string, LocalSegment>;
export type LocalName = keyof typeof LOCAL_SEGMENTS;

const LOCAL_NAMES = Object.keys(LOCAL_SEGMENTS) as LocalName[];

/** Selector with RPL 3. */
export function localSelector(name: LocalName): number {
  return (LOCAL_NAMES.indexOf(name) << 3) | 7;
}

/** Selectors of Linux's own descriptor table (arch/x86/include/asm/segment.h), flat, RPL 3. */
export const USER_CODE_32 = 0x23;
export const USER_DATA = 0x2b;
export const USER_CODE_64 = 0x33;

/** What a program can learn of a loadable selector: how far it reaches and what it allows. */
export interface Segment {
  readonly selector: number;
  readonly base: number;
  readonly limit: number;
  readonly expandDown: boolean;
  readonly wide: boolean;
}

export function localSegment(name: LocalName): Segment {
  const { base, limit, kind, wide } = LOCAL_SEGMENTS[name];
  return { selector: localSelector(name), base, limit, expandDown: (kind as string) === 'expand-down', wide };
}

export const FLAT_DATA: Segment = { selector: USER_DATA, base: 0, limit: FLAT_LIMIT, expandDown: false, wide: true };

/** An 8-byte descriptor (SDM vol. 3, figure 3-8), as Linux makes it: accessed, DPL 3. */
export function descriptor({ base, limit, kind, wide, restricted, absent }: LocalSegment): bigint {
  const pages = limit > 0xf_ffff;
  const type =
    kind === 'code' ? 0b1001 | (restricted ? 0 : 2) : (kind === 'expand-down' ? 0b0101 : 0b0001) | (restricted ? 0 : 2);
  return packDescriptor(
    base,
    pages ? limit >>> 12 : limit,
    0x70 | type | (absent ? 0 : 0x80),
    (pages ? 8 : 0) | (wide ? 4 : 0),
  );
}

/** @param access type, S, DPL, P @param flags AVL, L, D/B, G */
export function packDescriptor(base: number, limit: number, access: number, flags: number): bigint {
  const low = (limit & 0xffff) | ((base & 0xffff) << 16);
  const high = ((base >>> 16) & 0xff) | (access << 8) | (limit & 0xf_0000) | (flags << 20) | (base & 0xff00_0000);
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
