import { CPUID_SIGNATURE } from './cpuid.js';
import { GENERAL_REGISTERS, SEGMENT_NAMES, type CpuState, type SegmentState } from './registers.js';

const MSR_PAT = 0x277;
const MSR_MISC_ENABLE = 0x1a0;
/** Write-back, write-through, uncached-, uncached, twice (SDM vol. 3, 12.12.4). */
const PAT_RESET = 0x0007_0406_0007_0406n;
/** Fast strings on; branch trace store and precise event sampling unavailable. */
const MISC_ENABLE_RESET = 0x1801n;
/** CD, NW and the bit that is always set. */
const CR0_RESET = 0x6000_0010n;
const CACHE_BITS = 0x6000_0000n;

const XSAVE_BYTES = 576;
const FCW_RESET = 0x40;
const MXCSR_RESET = 0x1f80;

/** A processor after power-on (SDM vol. 3, table 9-1). */
export function powerOnState(): CpuState {
  const data: SegmentState = { selector: 0, base: 0n, limit: 0xffff, attributes: 0x93 };
  const xsave = new Uint8Array(XSAVE_BYTES);
  const view = new DataView(xsave.buffer);
  view.setUint16(0, FCW_RESET, true);
  view.setUint32(24, MXCSR_RESET, true);
  view.setUint32(512, 3, true); // both components are in the image
  const general = Object.fromEntries(GENERAL_REGISTERS.map((name) => [name, 0n])) as CpuState['general'];
  return {
    version: 1,
    general: { ...general, rdx: BigInt(CPUID_SIGNATURE) },
    rip: 0xfff0n,
    rflags: 2n,
    segments: {
      ...(Object.fromEntries(SEGMENT_NAMES.map((name) => [name, data])) as CpuState['segments']),
      cs: { selector: 0xf000, base: 0xffff_0000n, limit: 0xffff, attributes: 0x9b },
    },
    ldtr: { ...data, attributes: 0x82 },
    tr: { ...data, attributes: 0x8b },
    gdtr: { base: 0n, limit: 0xffff },
    idtr: { base: 0n, limit: 0xffff },
    cr0: CR0_RESET,
    cr2: 0n,
    cr3: 0n,
    cr4: 0n,
    cr8: 0n,
    xcr0: 1n,
    debug: [0n, 0n, 0n, 0n, 0xffff_0ff0n, 0x400n],
    msrs: { [MSR_PAT]: PAT_RESET, [MSR_MISC_ENABLE]: MISC_ENABLE_RESET },
    xsave,
    halted: false,
    interruptShadow: 0,
    nmiMasked: false,
    nmiPending: false,
  };
}

/** A processor after INIT: floating point, caching and model-specific registers stay. */
export function initState(before: CpuState): CpuState {
  const { msrs, xsave, xcr0, cr0 } = before;
  const kept = { ...msrs, 0xc000_0080: 0n };
  return { ...powerOnState(), msrs: kept, xsave, xcr0, cr0: (cr0 & CACHE_BITS) | 0x10n };
}
