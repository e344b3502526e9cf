import {
  CODE,
  CODE_BYTES,
  DATA,
  DATA_BYTES,
  DATA_PAGES,
  DRIVER,
  DRIVER_BYTES,
  EDGE,
  EDGE_PAIRS,
  FRAMES,
  FRAMES_BYTES,
  PAGE,
  RECORDS,
} from '../layout.js';
import { RECORDS_BYTES } from '../record.js';

/** Guest-physical addresses. */
export const PHYSICAL = {
  pageTables: 0x1000,
  code: 0x10_0000,
  edge: 0x12_0000,
  data: 0x16_0000,
  frames: 0x18_0000,
  records: 0x20_0000,
  driver: 0x30_0000,
} as const;
export const RAM_BYTES = 0x40_0000;

/** Linear addresses in the driver's memory, which only ring 0 may touch. */
export const CONTROL = { current: DRIVER, end: DRIVER + 8, scratch: DRIVER + 16 } as const;
export const PROGRAM = DRIVER + 0x1000;
export const GDT = DRIVER + 0x3000;
export const LDT = DRIVER + 0x3100;
export const TSS = DRIVER + 0x3400;
export const IDT = DRIVER + 0x4000;
export const STACK_TOP = DRIVER + 0x8000;

/** An interrupt whose handler goes straight back. */
export const PASSING_VECTOR = 0xf0;

/** Page-table flags (SDM vol. 3, table 4-20). */
export const PTE = { present: 1n, writable: 2n, user: 4n, noExecute: 1n << 63n } as const;

/** A run of pages: where, what is behind it, and the flags of each page (undefined: not mapped). */
export interface Mapping {
  readonly linear: number;
  readonly physical: number;
  readonly pages: readonly (bigint | undefined)[];
}

const USER_CODE = PTE.present | PTE.writable | PTE.user;
const USER_DATA = USER_CODE | PTE.noExecute;
const SUPERVISOR = PTE.present | PTE.writable;
const DATA_FLAGS = { write: USER_DATA, read: PTE.present | PTE.user | PTE.noExecute, none: undefined } as const;

function run(linear: number, physical: number, bytes: number, flags: (page: number) => bigint | undefined): Mapping {
  return { linear, physical, pages: Array.from({ length: bytes / PAGE }, (_, page) => flags(page)) };
}

/** The same memory map the host process has. */
export const MAPPINGS: readonly Mapping[] = [
  run(CODE, PHYSICAL.code, CODE_BYTES, () => USER_CODE),
  run(EDGE, PHYSICAL.edge, EDGE_PAIRS * 2 * PAGE, (page) => (page % 2 === 0 ? USER_CODE : undefined)),
  run(DATA, PHYSICAL.data, DATA_BYTES, (page) => DATA_FLAGS[DATA_PAGES[page]!]),
  run(FRAMES, PHYSICAL.frames, FRAMES_BYTES, () => USER_DATA),
  run(RECORDS, PHYSICAL.records, RECORDS_BYTES, () => SUPERVISOR),
  run(DRIVER, PHYSICAL.driver, DRIVER_BYTES, () => SUPERVISOR),
];
