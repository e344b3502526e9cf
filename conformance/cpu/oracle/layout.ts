/**
 * Linear addresses an oracle case may touch. They are the same in the host process that reaches the processor and in
 * the guest that runs on an engine, so that pointers, faults and page borders agree. All lie below 2 GiB, where no
 * part of a Node process is mapped, and everything between the mapped pieces is reserved: a wild access faults.
 */
export const RESERVED = 0x6000_0000;
export const RESERVED_END = 0x6a00_0000;

export const PAGE = 4096;

/** Code slots: the whole of it is one 64 KiB segment of 16- and 32-bit code. */
export const CODE = 0x6000_0000;
export const CODE_BYTES = 0x1_0000;
export const SLOT_BYTES = 128;
/** The instruction starts here in its slot: branches reach filler on either side. */
export const SLOT_ENTRY = 56;
/** Bytes of code between the entry and the filler behind it. */
export const SEQUENCE_BYTES = 40;
export const BATCH = CODE_BYTES / SLOT_BYTES;
/** HLT: #GP(0) at CPL 3, wherever a case ends up. */
export const FILLER = 0xf4;

/** Executable pages that are followed by unmapped ones: page, hole, page, hole. */
export const EDGE = 0x6002_0000;
export const EDGE_PAIRS = 16;

/** Operands and stacks: one 64 KiB segment whose pages are {@link DATA_PAGES}; nothing is mapped on either side. */
export const DATA = 0x6010_0000;
export const DATA_BYTES = 0x1_0000;
export type Protection = 'write' | 'read' | 'none';
/** A read-only page and a hole, each between writable pages. */
export const DATA_PAGES: readonly Protection[] = Array.from({ length: DATA_BYTES / PAGE }, (_, page) =>
  page === 6 ? 'read' : page === 11 ? 'none' : 'write',
);

/**
 * Where flat code finds addresses to go to. Nothing else writes here: in flat code a stray value in memory would be a
 * jump into the host process. One chunk for each case, a hole behind the last.
 */
export const FRAMES = 0x6018_0000;
export const FRAME_BYTES = 64;
export const FRAMES_BYTES = BATCH * FRAME_BYTES;

/** Never mapped. */
export const HOLE = 0x6020_0000;
export const HOLE_BYTES = 0x1_0000;

/** The cases' records (record.ts). */
export const RECORDS = 0x6800_0000;
/** What drives the cases: programs, stacks, tables; not for cases to touch. */
export const DRIVER = 0x6900_0000;
export const DRIVER_BYTES = 0x4_0000;
