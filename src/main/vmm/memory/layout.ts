/**
 * How the one shared WebAssembly memory of a machine is laid out. Everything below {@link RAM_OFFSET} belongs to the
 * engines (CPU state, TLBs, op cache) but for the page map; from there come guest RAM, then ROMs and video memory as
 * the board allocates them. Offsets in bytes from the start of the memory; "host offset" means just this everywhere.
 */
export const PAGE_SHIFT = 12;
export const PAGE_SIZE = 1 << PAGE_SHIFT;
export const PAGE_MASK = PAGE_SIZE - 1;

/** Static data, vCPU state and TLBs of the core. */
export const CORE_OFFSET = 0;
export const CORE_SIZE = 16 << 20;

/** One byte for each 4 KiB page of this memory, by host offset: what comes before a write to it (see PageStates). */
export const PAGE_STATE_OFFSET = CORE_OFFSET + (4 << 20);
export const PAGE_STATE_SIZE = 1 << 20;

/** One u32 for each 4 KiB page of the 4 GiB physical space: host page offset | flags below. */
export const PAGE_MAP_OFFSET = CORE_OFFSET + CORE_SIZE;
export const PAGE_MAP_SIZE = 4 << 20;

/** Predecoded ops and other caches of the software engines. */
export const CACHE_OFFSET = PAGE_MAP_OFFSET + PAGE_MAP_SIZE;
export const RAM_OFFSET = 192 << 20;
export const CACHE_SIZE = RAM_OFFSET - CACHE_OFFSET;

/** RAM the board can place below the PCI hole at 0xC000_0000. */
export const MAX_RAM_BYTES = 0xc000_0000;

/** Page map flags. A page with neither READ nor WRITE is MMIO (or nothing: the MMIO bus answers both). */
export const PAGE_READ = 1;
export const PAGE_WRITE = 2;
/** Set by an engine: decoded instructions of this page are cached; a write must tell the engine. */
export const PAGE_CODE = 4;
/** RAM whose content has not been brought in yet; neither READ nor WRITE is set. Ask for it before looking again. */
export const PAGE_ABSENT = 8;
