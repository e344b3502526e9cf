/**
 * Addresses of the interpreter's state in the machine's memory (see `vmm/memory/layout.ts` for the regions). Plain
 * constants without imports or types: the same file is compiled into the AssemblyScript core and read by the TypeScript
 * engine. Address 0 is never valid data: a null host pointer means "faulted".
 */

// Register file: 8-byte slots. Op operands are byte offsets into it, so AH is slot 0 + 1.
export const REGS = 0x1000;
export const SLOT_ZERO = 16;
/** Slot holding the instruction pointer of byte 0 of the current code page; RIP-relative operands use it as base. */
export const SLOT_PAGE_RIP = 17;
export const PAGE_RIP = REGS + SLOT_PAGE_RIP * 8;

// Lazy arithmetic flags (flags.ts) and the other EFLAGS bits.
export const FLAGS_RESULT = 0x1100;
export const FLAGS_AUX = 0x1108;
export const EFLAGS = 0x110c;

export const RIP = 0x1110;
export const CR0 = 0x1118;
export const CR2 = 0x1120;
export const CR3 = 0x1128;
export const CR4 = 0x1130;
export const EFER = 0x1138;
export const XCR0 = 0x1140;
/** DR0–DR3, then DR6, DR7 at 4 and 5. */
export const DEBUG_REGISTERS = 0x1148;

/** And-mask of effective addresses in the current mode: all-ones in 64-bit code, 32 bits otherwise. */
export const EA_MASK = 0x1180;
/** Host addresses of the read and the write TLB of the current privilege. */
export const TLB_READ_BASE = 0x1188;
export const TLB_WRITE_BASE = 0x118c;
/** Low bits of instruction-TLB tags: code mode and privilege. */
export const ITLB_KEY = 0x1190;
export const CPL = 0x1194;
/** One of MODE_*: how the current code segment decodes. */
export const CODE_MODE = 0x1198;

/** What wants attention at the next block boundary (EVENT_*), and which of those are enabled. */
export const EVENTS = 0x11a0;
export const EVENT_MASK = 0x11a4;
export const EXIT_REASON = 0x11a8;
export const HALTED = 0x11ac;
/** 1 while the instruction being executed was started as a single step. */
export const STEPPING = 0x11b0;
/** Interrupts are held off until one more instruction has completed: 1 after STI, 2 after MOV/POP SS. */
export const SHADOW = 0x11b4;
export const NMI_MASKED = 0x11b8;
export const A20_MASK = 0x11bc;

/** Vector of the fault being raised, its error code, and whether it pushes one. */
export const FAULT_VECTOR = 0x11c0;
export const FAULT_ERROR = 0x11c4;

/** Guest instructions retired, u64. */
export const INSTRUCTIONS = 0x11c8;

// Translated regions (assembly/regions.ts).
/** What is left of the slice while a region runs, in bytes of ops, i32. */
export const REGION_BUDGET = 0x11f0;
/** How often the main loop looks where it is, in bytes of ops; 0 = never. */
export const SAMPLE_INTERVAL = 0x11f4;

/** How often an instruction makes a region be left for what the TLB lacks before the translator is told, u32. */
export const MISSES_TOLD = 0x11fc;

/** Flags between two regions: kind (KIND_*) u32, and what they follow from, u64 each. */
export const REGION_FLAGS_KIND = 0x11f8;
export const REGION_FLAGS_A = 0x13f0;
export const REGION_FLAGS_B = 0x13f8;

// Table registers: base u64, limit u32.
export const GDTR = 0x11d0;
export const IDTR = 0x11e0;

/** Counters of COUNTER_NAMES, u64 each. */
export const COUNTERS = 0x1200;

// Segment registers: es cs ss ds fs gs ldtr tr, SEGMENT_SIZE bytes each.
export const SEGMENTS = 0x1400;
export const SEGMENT_SIZE = 64;
export const SEG_BASE = 0;
/** Offset behind what is readable (writable) without a closer look; 0 forces the look (expand-down, unusable, read-only). */
export const SEG_READ_END = 8;
export const SEG_WRITE_END = 16;
export const SEG_LIMIT = 24;
/** Descriptor bits 8–23 of the second dword, shifted down by 8. 0 in P means unusable. */
export const SEG_ATTRIBUTES = 28;
export const SEG_SELECTOR = 32;

// Model-specific registers kept by the core, 8 bytes each.
export const MSRS = 0x1600;
export const MSR_STAR = MSRS;
export const MSR_LSTAR = MSRS + 8;
export const MSR_CSTAR = MSRS + 16;
export const MSR_FMASK = MSRS + 24;
export const MSR_KERNEL_GS_BASE = MSRS + 32;
export const MSR_SYSENTER_CS = MSRS + 40;
export const MSR_SYSENTER_ESP = MSRS + 48;
export const MSR_SYSENTER_EIP = MSRS + 56;
export const MSR_PAT = MSRS + 64;
export const MSR_TSC_OFFSET = MSRS + 72;
export const MSR_TSC_AUX = MSRS + 80;
export const MSR_MISC_ENABLE = MSRS + 88;
export const MSR_MTRR_DEF_TYPE = MSRS + 96;
export const MSR_MTRR_FIXED = MSRS + 104; // 11 of them
export const MSR_MTRR_VARIABLE = MSRS + 192; // 8 pairs
export const MSR_MCG_STATUS = MSRS + 320;
export const MSR_SPEC_CTRL = MSRS + 328;
export const MSR_BIOS_SIGN_ID = MSRS + 336;
export const MSR_TSC_ADJUST = MSRS + 344;
/** Time-stamp counter frequency in Hz, u64; set by the engine. */
export const TSC_HZ = MSRS + 352;

/** Answer of the last MSR read, u64. */
export const MSR_VALUE = MSRS + 360;
/** Value of IA32_ARCH_CAPABILITIES, low and high half; see cpuid.ts. */
export const ARCH_CAPABILITIES_LOW = 0x0d10_e17b;
export const ARCH_CAPABILITIES_HIGH = 0x4000_0000;

/** Operands that cross a page or lie in a device are worked on here, then written back. */
export const BOUNCE = 0x1800;
/** Instruction bytes gathered from two pages. */
export const FETCH_BUFFER = 0x1880;
/** Ops of an instruction executed on its own (single step, page crossing), and the op that ends it. */
export const STEP_OPS = 0x18c0;
/** The op that leaves the main loop. */
export const EXIT_OP = 0x18f0;

/** x87, MMX and SSE state: 16 cells of XMM registers, 8 of x87 registers, then control; see assembly/fp/state.ts. */
export const FP_STATE = 0x2000;
export const FP_X87_CELLS = FP_STATE + 256;
export const FP_MXCSR = FP_STATE + 384;
export const FP_CONTROL = FP_STATE + 388;
export const FP_STATUS = FP_STATE + 392;
export const FP_VALID = FP_STATE + 396;
export const FP_OPCODE = FP_STATE + 400;
export const FP_CODE_SELECTOR = FP_STATE + 404;
export const FP_DATA_SELECTOR = FP_STATE + 408;
export const FP_INSTRUCTION = FP_STATE + 416;
export const FP_DATA = FP_STATE + 424;
/** Operands of x87/SIMD instructions in flight: two 16-byte cells, then a buffer for state-save areas. */
export const FP_SCRATCH = 0x2200;
export const FP_SCRATCH_SIZE = 0x400; // 256 bytes of cells, 576 of image
/** Sign and exponent of a result of assembly/x87/values.ts, u32. */
export const X87_RESULT = FP_SCRATCH + FP_SCRATCH_SIZE - 48;

/** Vectors that translated regions work with (translator/code/vector-constants.ts). */
export const REGION_CONSTANTS = 0x2f00;

/** The leaves CPUID answers with; written by the engine. */
export const CPUID_TABLE = 0x3000;

/** Constants of the core's data segment start here (asc --memoryBase). */
export const DATA = 0x4000;

// TLBs: for each privilege (TLB_USER…) a read and a write table of TLB_ENTRIES × 16 bytes: u64 tag, u32 addend, u32 flags.
export const TLB_ENTRIES = 8192;
export const TLB_TABLE_SIZE = TLB_ENTRIES * 16;
export const TLBS = 0x10_0000;
export const TLB_PRIVILEGES = 4;
export const TLB_END = TLBS + TLB_TABLE_SIZE * 2 * TLB_PRIVILEGES;
/** Supervisor with SMAP in force, supervisor that may touch user pages, user. */
export const TLB_SUPERVISOR = 0;
export const TLB_SUPERVISOR_AC = 1;
export const TLB_USER = 2;
/** User with alignment checking: never filled, so that every access takes the slow path. */
export const TLB_USER_ALIGNED = 3;

/** Instruction TLB: u64 tag (page | key), u32 address of the page's offset → op map, u32 flags. */
export const ITLB = 0x20_0000;
export const ITLB_ENTRIES = 4096;
/** Addresses of the TLB entries in use, for cheap flushes: u32 each. */
export const TLB_LOG = 0x28_0000;
export const TLB_LOG_ENTRIES = 32768;
/** The same for those of global pages. */
export const TLB_GLOBAL_LOG = TLB_LOG + TLB_LOG_ENTRIES * 4;
/** One bit for each of 32768 hashes of 2 MiB regions that were entered into a TLB as part of a large page. */
export const LARGE_PAGE_FILTER = 0x22_0000;
export const LARGE_PAGE_FILTER_SIZE = 4096;

/**
 * For each 4 KiB page of this memory a u16: number of the one TLB entry by which it may be written, from 1 on, 0 if there is
 * none, or WRITE_SLOT_SEVERAL (tlb.ts).
 */
export const WRITE_SLOTS = 0x60_0000;
export const WRITE_SLOTS_SIZE = 0x10_0000 * 2;
export const WRITE_SLOT_SEVERAL = 0xffff;

/** Where indirect jumps of regions last went, for those who translate anew: u64 each, by a hash of their own places. */
export const JUMP_TARGETS = 0x23_0000;
export const JUMP_TARGET_COUNT = 4096;

/** How often the main loop entered each region, u32 each, by its index in the core's table (translator/region-uses.ts). */
export const REGION_USES = 0x23_8000;
export const REGION_USE_COUNT = 8192;

/** How often regions were left for what the TLB lacked, by a hash of the instruction: its RIP u32, count u32. */
export const REGION_MISSES = 0x24_0000;
export const REGION_MISS_COUNT = 1024;

/**
 * Translations of process contexts that are not running (tlb-contexts.ts), 16 bytes each: u64 tag, u32 address of the TLB
 * entry, u32 its payload; and for each context its PCID + 1 (0 = none) and how many there are, u32 each.
 */
export const TLB_CONTEXTS = 0x25_0000;
export const TLB_CONTEXT_COUNT = 8;
export const TLB_CONTEXT_ENTRIES = 512;
export const TLB_CONTEXT_HEADERS = TLB_CONTEXTS + TLB_CONTEXT_COUNT * TLB_CONTEXT_ENTRIES * 16;

// Code cache (code-cache.ts), in the CACHE region.
export const CACHE = 0x140_0000;
export const CACHE_END = 0xc00_0000;
/** For each code mode a u16 for each physical page below 4 GiB: index of its code page, 0 = none. */
export const CODE_PAGE_INDEX = CACHE;
export const CODE_MODES = 4;
export const CODE_PAGE_INDEX_SIZE = CODE_MODES * 0x10_0000 * 2;
export const CODE_PAGES = CODE_PAGE_INDEX + CODE_PAGE_INDEX_SIZE;
/** Header (32 bytes used) and map of 4096 u32 op addresses. */
export const CODE_PAGE_HEADER = 64;
export const CODE_PAGE_SIZE = CODE_PAGE_HEADER + 4096 * 4;
export const CODE_PAGE_COUNT = 4000;
export const OPS = CODE_PAGES + CODE_PAGE_SIZE * CODE_PAGE_COUNT;
export const OP_SIZE = 16;

// What a region answers with, other than the address of the op to go on with.
/** Go on at RIP. */
export const REGION_LOOKUP = 0;
/** Execute the instruction at RIP on its own, then go on. */
export const REGION_STEP = 1;
/** The same, because the TLB lacks what it accesses. */
export const REGION_MISS = 2;
/** The budget is used up; go on at RIP. */
export const REGION_PAUSE = 3;

// Kinds of flags a region leaves behind, to which 0-3 are added for 8 to 64 bits (translator/code/flags.ts).
/** FLAGS_RESULT and FLAGS_AUX themselves. */
export const KIND_SETTLED = 0;
/** Of a sum, a difference: both operands. */
export const KIND_ADD = 4;
export const KIND_SUB = 8;
/** Of a result alone, CF = OF = AF = 0. */
export const KIND_LOGIC = 12;
/** Of a result, and CF as it was before. */
export const KIND_INC = 16;
export const KIND_DEC = 20;

/** FLAGS_RESULT and FLAGS_AUX hold the flags already. */
export const KIND_STORED = 0x100;

// Kinds of floating-point results that regions compute by WebAssembly's arithmetic (assembly/simd/native-result.ts).
export const NATIVE_SUM = 0;
export const NATIVE_DIFFERENCE = 1;
export const NATIVE_PRODUCT = 2;
export const NATIVE_QUOTIENT = 3;
export const NATIVE_ROOT = 4;

// Thresholds: a result that is measured below its format's (translator/lower/simd/ordinary.ts) is SSE's.
export const NATIVE_THRESHOLD_SINGLE = -0x0200_0001;
export const NATIVE_THRESHOLD_DOUBLE = -0x0040_0001;
export const NATIVE_THRESHOLD_VECTOR = 1;
/** Every result is to be asked about: one that is inexact sets PE, or MXCSR is not the usual one. */
export const NATIVE_ASK = 0;
/** This result is not SSE's. */
export const NATIVE_LEAVE = -1;

/** Instructions of one run of the main loop, which counts down bytes of ops in 32 bits. */
export const MAX_BUDGET = 0x400_0000;

// Code modes: 16-bit, 32-bit, 64-bit, and 32-bit with flat ES, CS, SS, DS (base 0, limit 4 GiB, SS.B = 1).
export const MODE_16 = 0;
export const MODE_32 = 1;
export const MODE_64 = 2;
export const MODE_FLAT32 = 3;

export const EVENT_INTERRUPT = 1;
export const EVENT_NMI = 2;
export const EVENT_EXIT = 4;
/** TF, or a debug register armed: every instruction runs as a single step. */
export const EVENT_STEP = 8;

export const EXIT_BUDGET = 0;
export const EXIT_HALT = 1;
export const EXIT_INTERRUPTED = 2;
export const EXIT_SHUTDOWN = 3;
export const EXIT_INTERNAL_ERROR = 4;

// Indices into COUNTERS.
export const COUNT_TLB_MISS = 0;
export const COUNT_PAGE_FAULT = 1;
export const COUNT_EXCEPTION = 2;
export const COUNT_EXTERNAL_INTERRUPT = 3;
export const COUNT_SOFTWARE_INTERRUPT = 4;
export const COUNT_PORT = 5;
export const COUNT_MMIO = 6;
export const COUNT_DECODED = 7;
export const COUNT_CODE_INVALIDATED = 8;
export const COUNT_CACHE_FLUSH = 9;
export const COUNT_TLB_FLUSH = 10;
export const COUNT_STEP = 11;
export const COUNT_HALT = 12;
export const COUNT_TASK_SWITCH = 13;
export const COUNT_REGION_ENTERED = 14;
export const COUNT_REGION_INSTRUCTION = 15;
export const COUNT_REGION_STEP = 16;
/** Regions left: straight to another one, to code that is in none, for a while, for what the TLB lacks, behind what the core did for them. */
export const COUNT_REGION_TO_REGION = 17;
export const COUNT_REGION_TO_CODE = 18;
export const COUNT_REGION_PAUSE = 19;
export const COUNT_REGION_MISS = 20;
export const COUNT_REGION_BEHIND = 21;
/** For an instruction, by its class (opcodes/op-class.ts). */
export const COUNT_REGION_FOR = 22;

/** Classes of ops from here on are ports and system instructions. */
export const CLASS_PORT = 4;
